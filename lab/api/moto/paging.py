# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of a list, with AWS's opaque tokens."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class TokenError(ValueError):
    """A token that no earlier answer held."""


def page(items: Sequence[T], token: str | None, size: int, mark: str = "page") -> tuple[list[T], str | None]:
    """Return the page that a token asks for, and the next one's token; None when there is no more.

    `mark` is what a token begins with: who makes pages knows its own by it.
    """
    start = _start(token, mark) if token else 0
    rest = start + size
    return list(items[start:rest]), _token(rest, mark) if rest < len(items) else None


def _token(start: int, mark: str) -> str:
    return base64.urlsafe_b64encode(f"{mark}:{start}".encode()).decode()


def _start(token: str, mark: str) -> int:
    try:
        found, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if found == mark:
            return int(number)
    except (ValueError, binascii.Error):
        pass
    raise TokenError("The token is not valid.")
