# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domain names as DNS and AWS want them, and the zones that they may lie in."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.hasite.aws.plugins.module_utils._names import suffix
from ansible_collections.hasite.aws.plugins.module_utils._names.text import NamesError, lenient, to_ascii


def _applied(work: Callable[[str], t.Any], name: t.Any) -> t.Any:
    if not isinstance(name, str):
        raise AnsibleFilterError(f"A domain name is a string, not {name!r}.")
    try:
        return work(name)
    except NamesError as error:
        raise AnsibleFilterError(str(error)) from error


def ascii_name(name: t.Any) -> str:
    """Return a name in small letters and punycode without its final dot; what is no name stays as it is."""
    return t.cast("str", _applied(lenient, name))


def possible_zones(name: t.Any) -> list[str]:
    """Return the names that a zone with this name in it may have, longest first; none for what is no name."""

    def zones(typed: str) -> list[str]:
        found = to_ascii(typed)
        return suffix.possible_zones(found) if found else []

    return t.cast("list[str]", _applied(zones, name))


class FilterModule:
    """The collection's filters."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters by their names."""
        return {"ascii_name": ascii_name, "possible_zones": possible_zones}
