# SPDX-License-Identifier: GPL-3.0-or-later
"""How the lab adds to moto: one method at a time, with what it replaces at hand."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_FIRST: dict[tuple[type, str], Any] = {}


def replaces(owner: type, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put the decorated function in the place of `owner.name`, which moto must have.

    The function is called as `function(original, self, …)`. Extending twice (two labs in one test
    process) replaces the replacement, never stacks on it.
    """
    original = _FIRST.setdefault((owner, name), getattr(owner, name))

    def put(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            return function(original, self, *args, **kwargs)

        setattr(owner, name, method)
        return function

    return put


def adds(owner: type, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give `owner` a method that moto lacks; the function is called as `function(self, …)`."""
    if hasattr(owner, name) and (owner, name) not in _FIRST:
        raise TypeError(f"moto already has {owner.__name__}.{name}; use replaces().")
    _FIRST[owner, name] = None

    def put(function: Callable[..., Any]) -> Callable[..., Any]:
        setattr(owner, name, function)
        return function

    return put
