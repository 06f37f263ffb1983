# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Where domains are registered: the public suffix list (https://publicsuffix.org/).

The package publicsuffixlist carries the list itself and is released whenever the list changes; it asks no network.
"""

from __future__ import annotations

import functools
import typing as t

from .text import NamesError, ancestors

try:
    from publicsuffixlist import PublicSuffixList

    HAS_PUBLICSUFFIXLIST = True
except ImportError:
    HAS_PUBLICSUFFIXLIST = False


@functools.cache
def _list() -> t.Any:
    if not HAS_PUBLICSUFFIXLIST:
        raise NamesError("The Python package publicsuffixlist is missing on the controller; install it.")
    return PublicSuffixList()


def is_public_suffix(name: str) -> bool:
    """Tell whether names right below this one (in punycode) are registered by anybody, as below co.jp."""
    return _list().privatesuffix(name) is None


def registrable(name: str) -> str | None:
    """Return the domain that was registered for a name (in punycode); None if the name is a public suffix itself."""
    found = _list().privatesuffix(name)
    return str(found) if found else None


def possible_zones(name: str) -> list[str]:
    """Return the names that a zone with this name in it may have, longest first: down to the registrable domain."""
    lowest = registrable(name)
    if lowest is None:
        return []
    return [zone for zone in (name, *ancestors(name)) if len(zone) >= len(lowest)]
