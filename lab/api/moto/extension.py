# SPDX-License-Identifier: GPL-3.0-or-later
"""How the lab adds to moto: one method at a time, with what it replaces at hand."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_FIRST: dict[tuple[type, str], Any] = {}
_LAYERS: dict[tuple[type, str], dict[str, Callable[..., Any]]] = {}


def replaces(owner: type, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put the decorated function in the place of `owner.name`, which moto must have.

    The function is called as `function(original, self, …)`. Where several replace the same method, the later one's
    original is the earlier one. Extending twice (two labs in one test process) replaces the replacement, never stacks
    on it.
    """
    key = owner, name
    original = _FIRST.setdefault(key, getattr(owner, name))

    def put(function: Callable[..., Any]) -> Callable[..., Any]:
        layers = _LAYERS.setdefault(key, {})
        layers[f"{function.__module__} {function.__qualname__}"] = function
        setattr(owner, name, functools.reduce(_over, layers.values(), original))
        return function

    return put


def of_the_lab(owner: type, name: str) -> bool:
    """Tell whether the lab has put something into the place of `owner.name`, or has added it."""
    return any((class_, name) in _FIRST for class_ in owner.__mro__)


def changed_in(package: str) -> frozenset[str]:
    """Return the names of the methods that the lab has replaced in a package's classes, or added to them."""
    return frozenset(name for owner, name in _FIRST if _module(owner).startswith(f"{package}."))


def _module(owner: Any) -> str:
    """Return the name of a class's module, or of the module itself."""
    return str(getattr(owner, "__module__", None) or owner.__name__)


def _over(original: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(original, self, *args, **kwargs)

    return method


def adds(owner: type, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give `owner` a method that moto lacks; the function is called as `function(self, …)`."""
    if hasattr(owner, name) and (owner, name) not in _FIRST:
        raise TypeError(f"moto already has {owner.__name__}.{name}; use replaces().")
    _FIRST[owner, name] = None

    def put(function: Callable[..., Any]) -> Callable[..., Any]:
        setattr(owner, name, function)
        return function

    return put
