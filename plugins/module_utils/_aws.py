# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What all modules do alike: guard API calls, wait, compare tags, return a result with its difference."""

from __future__ import annotations

import contextlib
import functools
import inspect
import typing as t
from collections.abc import Callable, Iterable, Mapping

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
    compare_aws_tags,
)
from ansible_collections.amazon.aws.plugins.module_utils.waiter import BaseWaiterFactory, custom_waiter_config

from ._denial import sentence
from ._resource import Resource

with contextlib.suppress(ImportError):  # AnsibleAWSModule tells the user
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError, WaiterError

P = t.ParamSpec("P")
R = t.TypeVar("R")


UNKNOWN = "(known after creation)"
"""Stands in check mode for what only AWS can give."""


class ChangeResult(t.NamedTuple):
    """What a module did, or would do: the resource before and after it, empty where there is none."""

    changed: bool
    before: Resource
    after: Resource


def conclude(module: t.Any, name: str, work: Callable[[], ChangeResult]) -> None:
    """Do the work and end the module, with the resource under its name, or with the work's error."""
    try:
        outcome = work()
    except AnsibleAWSError as error:
        fail(module, error)
        return
    result: Resource = {"changed": outcome.changed, name: outcome.after}
    if module._diff:
        result["diff"] = {"before": outcome.before, "after": outcome.after if outcome.changed else outcome.before}
    module.exit_json(**result)


def conclude_info(module: t.Any, name: str, read: Callable[[], t.Any]) -> None:
    """Read and end the module, with what was read under its name, or with the reading's error."""
    try:
        found = read()
    except AnsibleAWSError as error:
        fail(module, error)
        return
    module.exit_json(changed=False, **{name: found})


def fail(module: t.Any, error: t.Any) -> None:
    """End a module with an error's sentence; that of a missing permission says which, and what to do about it."""
    if denied := sentence(str(error.exception or "")):
        module.fail_json(msg=f"{error.message}: {denied}", error_code=error_code(error.exception))
    module.fail_json_aws_error(error)


def aws_call(description: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Retry one API call when AWS is busy, and turn its errors into one sentence.

    The description may name the function's arguments: `"delete bucket {name}"`.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        return t.cast("Callable[P, R]", _guarded(function, description, ()))

    return decorate


def aws_lookup(description: str, *missing: str) -> Callable[[Callable[P, R]], Callable[P, R | None]]:
    """Guard an API call like `aws_call`; the error codes that mean "there is none" give None."""

    def decorate(function: Callable[P, R]) -> Callable[P, R | None]:
        return _guarded(function, description, missing)

    return decorate


def _guarded(function: Callable[P, R], description: str, missing: tuple[str, ...]) -> Callable[P, R | None]:
    retried = AWSRetry.jittered_backoff()(function)
    signature = inspect.signature(function)

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return t.cast("R", retried(*args, **kwargs))
        except (ClientError, BotoCoreError, Boto3Error) as error:
            if error_code(error) in missing:
                return None
            told = description.format(**signature.bind(*args, **kwargs).arguments)
            raise AnsibleAWSError(message=f"Failed to {told}", exception=error) from error

    return guarded


def error_code(error: BaseException | None) -> str:
    """Return AWS's code of an error, or nothing if AWS did not answer."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def pages(client: t.Any, operation: str, **arguments: t.Any) -> Resource:
    """Return the answer of a listing operation with all its pages joined."""
    return t.cast("Resource", client.get_paginator(operation).paginate(**arguments).build_full_result())


def acceptor(argument: str, expected: t.Any = True, state: str = "success") -> Resource:
    """Tell a waiter what to see in an answer (a JMESPath expression)."""
    return {"matcher": "path", "argument": argument, "expected": expected, "state": state}


def on_error(code: str, state: str = "success") -> Resource:
    """Tell a waiter what an error means."""
    return {"matcher": "error", "expected": code, "state": state}


class _Waiters(BaseWaiterFactory):  # type: ignore[misc]  # amazon.aws has no types
    def __init__(self, operation: str, acceptors: Iterable[Resource]) -> None:
        self._waiters = {
            "it": {"operation": operation, "delay": 1, "maxAttempts": 1, "acceptors": list(acceptors)},
        }
        super().__init__()

    @property
    def _waiter_model_data(self) -> Resource:
        return t.cast("Resource", self._waiters)


def waited(
    client: t.Any, operation: str, acceptors: Iterable[Resource], timeout: int, pause: int = 5, **arguments: t.Any
) -> bool:
    """Ask until an answer is accepted; False when time is up or an answer is a failure.

    The caller then reads the resource once more and says what is wrong with it.
    """
    waiter = _Waiters(operation, acceptors).get_waiter(client, "it")
    try:
        waiter.wait(WaiterConfig=custom_waiter_config(timeout, pause), **arguments)
    except WaiterError:
        return False
    return True


class Tags(t.NamedTuple):
    """How tags change."""

    before: dict[str, str]
    to_set: dict[str, str]
    to_unset: list[str]

    @property
    def changed(self) -> bool:
        """Whether they change at all."""
        return bool(self.to_set or self.to_unset)

    @property
    def after(self) -> dict[str, str]:
        """What they will be."""
        kept = {key: value for key, value in self.before.items() if key not in self.to_unset}
        return {**kept, **self.to_set}

    @property
    def to_set_list(self) -> list[dict[str, str]]:
        """What to set, as AWS wants it."""
        return tag_list(self.to_set)


def compare_tags(before: Mapping[str, str], wanted: Mapping[str, t.Any] | None, purge: bool) -> Tags:
    """Tell how tags have to change. Without wanted tags they do not."""
    if wanted is None:
        return Tags(dict(before), {}, [])
    to_set, to_unset = compare_aws_tags(dict(before), dict(wanted), purge)
    return Tags(dict(before), {key: str(value) for key, value in to_set.items()}, list(to_unset))


def named(tags: Mapping[str, t.Any] | None, name: str, before: Mapping[str, str]) -> dict[str, t.Any]:
    """Return the wanted tags with the `Name` that identifies the resource; without wanted tags, the present ones."""
    return {**(before if tags is None else tags), "Name": name}


def tag_list(tags: Mapping[str, t.Any]) -> list[dict[str, str]]:
    """Turn tags into AWS's list."""
    return t.cast("list[dict[str, str]]", ansible_dict_to_boto3_tag_list(dict(tags)))


def tag_dict(tags: list[dict[str, str]] | None) -> dict[str, str]:
    """Turn AWS's list of tags into a dictionary."""
    return t.cast("dict[str, str]", boto3_tag_list_to_ansible_dict(tags or []))


def failure(message: str, exception: BaseException | None = None) -> Exception:
    """Return the error that ends a module with a sentence."""
    return t.cast("Exception", AnsibleAWSError(message=message, exception=exception))
