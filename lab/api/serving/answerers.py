# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers each operation of a service: the lab's own code, moto's, an empty list, or a refusal.

It is read off the code that the calls meet, after `extensions.extend`: which method has the operation's name, whether
the lab has a hand in that method or in what it calls, and which lists and answers stand ready. A method whose only
deed is to say that it is not implemented refuses.
"""

from __future__ import annotations

import ast
import enum
import functools
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

import botocore.session
from moto.backends import get_backend
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores

from lab.api.moto.extension import changed_in, of_the_lab
from lab.api.services.s3 import subresources
from lab.api.serving import empty_lists, standing_answers
from lab.base.backends import ACCOUNT


class Answerer(enum.StrEnum):
    """Who answers."""

    LAB = "lab"
    MOTO = "moto"
    EMPTY = "empty list"
    REFUSED = "refused"


def answerers(service: str) -> dict[str, Answerer]:
    """Return who answers each operation that botocore knows of a service, by moto's name of it."""
    operations = botocore.session.get_session().get_service_model(service).operation_names
    changed = changed_in(f"moto.{service}")
    find = _of_bucket if service == "s3" else functools.partial(_answerer, service, changed)
    return {operation: find(operation) for operation in operations}


def _answerer(service: str, changed: frozenset[str], operation: str) -> Answerer:
    name = camelcase_to_underscores(operation)
    for response in _responses(service):
        method = getattr(response, name, None)
        if inspect.isfunction(method):  # as moto finds it
            if _is_of_the_lab(response, name) or _called(method) & changed:
                return Answerer.LAB
            if not _is_blank(method):
                return Answerer.MOTO
    if operation in empty_lists.EMPTY.get(service, ()):
        return Answerer.EMPTY
    return Answerer.LAB if operation in standing_answers.ANSWERS.get(service, {}) else Answerer.REFUSED


def _of_bucket(operation: str) -> Answerer:
    """Return who answers an operation of S3, which moto finds by what a request's query says."""
    if not subresources.is_known(operation):
        return Answerer.REFUSED
    return Answerer.LAB if camelcase_to_underscores(operation) in changed_in("moto.s3") else Answerer.MOTO


def _is_of_the_lab(response: type, name: str) -> bool:
    defined = inspect.unwrap(getattr(response, name)).__module__
    return of_the_lab(response, name) or defined.startswith("lab.")


@functools.cache
def _responses(service: str) -> tuple[type[BaseResponse], ...]:
    """Return the classes to which moto sends a service's requests."""
    regions: Any = get_backend(service)[ACCOUNT]
    region = "us-east-1" if "us-east-1" in regions.regions else "aws"
    handlers = regions[region]._url_module.url_paths.values()
    owners = (getattr(handler, "__self__", None) for handler in handlers)
    found = (owner if isinstance(owner, type) else type(owner) for owner in owners)
    known = dict.fromkeys(response for response in found if issubclass(response, BaseResponse))
    # Elastic Load Balancing's two APIs share their paths, so a function stands before their classes.
    return tuple(known) or _defined(service)


def _defined(service: str) -> tuple[type[BaseResponse], ...]:
    members = vars(importlib.import_module(f"moto.{service}.responses")).values()
    return tuple(member for member in members if isinstance(member, type) and issubclass(member, BaseResponse))


def _tree(method: Any) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(method))))


def _called(method: Any) -> set[str]:
    """Return the names of the public methods that a method calls on anything."""
    return set(_calls(_tree(method)))


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr[0] != "_":
            yield node.func.attr


def _is_blank(method: Any) -> bool:
    """Tell whether all that a method does in the end is to say that it is not implemented."""
    tree = _tree(method)
    last = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)).body[-1]
    if any(isinstance(node, ast.Return) for node in ast.walk(tree)):
        return False
    return isinstance(last, ast.Raise) and "NotImplementedError" in ast.unparse(last)
