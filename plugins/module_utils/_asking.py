# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Asking AWS: one call, all pages of a listing, many readers at once."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from ._aws import error_code, pages
from ._denial import sentence

try:
    from botocore.exceptions import BotoCoreError, ClientError

    AWS_ERRORS: tuple[type[Exception], ...] = (AnsibleAWSError, ClientError, BotoCoreError)
except ImportError:
    AWS_ERRORS = (AnsibleAWSError,)  # AnsibleAWSModule tells the user

THREADS = 16


@AWSRetry.jittered_backoff()  # type: ignore[untyped-decorator]  # amazon.aws has no types
def listed(client: t.Any, operation: str, key: str, **arguments: t.Any) -> t.Any:
    """Return the items of a listing, all pages of it."""
    return pages(client, operation, **arguments).get(key, [])


@AWSRetry.jittered_backoff()  # type: ignore[untyped-decorator]  # amazon.aws has no types
def asked(operation: Callable[..., t.Any], **arguments: t.Any) -> t.Any:
    """Return the answer of one call."""
    return operation(**arguments)


def in_pieces(items: list[t.Any], size: int) -> Iterator[list[t.Any]]:
    """Cut a list into pieces that one request may have."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def explain(error: Exception) -> str:
    """Return an error in one line, AWS's code first."""
    cause = getattr(error, "exception", None) or error
    return f"{error_code(cause)}: {error}" if error_code(cause) else f"{type(cause).__name__}: {error}"


def unreadable(errors: Mapping[str, str]) -> str:
    """Return one sentence for what `ask_at_once` could not read."""
    what, error = min(errors.items())
    more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
    return f"The site could not be read ({what}{more}): {sentence(error) or error}"


def ask_at_once(readers: Mapping[str, tuple[str, Callable[[], t.Any]]]) -> tuple[dict[str, t.Any], dict[str, str]]:
    """Ask all at once; return the answers by kind, and the errors by what failed."""
    answers: dict[str, t.Any] = {}
    errors: dict[str, str] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        running = {kind: pool.submit(reader) for kind, (dummy, reader) in readers.items()}
    for kind, future in running.items():
        try:
            answers[kind] = future.result()
        except AWS_ERRORS as error:
            errors[readers[kind][0]] = explain(error)
    return answers, errors
