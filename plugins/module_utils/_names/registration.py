# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Whether handing a zone over takes a domain that is registered in the account from those who serve it."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from .. import _registered_domain
from .text import NamesError
from .zones import Choice

REGION = _registered_domain.REGION


def taken_over(client: t.Any, choices: Iterable[Choice], take_over: bool) -> dict[str, list[str]]:
    """Return the name servers that would be replaced, by the domain; `client` is that of the service route53domains.

    Raises NamesError if there are any, unless they may be. A zone below a registered domain, or one that the world is
    delegated to, replaces none. Without the right to read the registrations, the domains count as registered elsewhere,
    and the module that would change them finds that out too.
    """
    handed = [choice for choice in choices if not choice.delegated and choice.parent_id is None]
    registered = (_registered_domain.list_domains(client) or []) if handed else []
    found = {}
    for choice in handed:
        if choice.name in registered:
            present = [server["Name"] for server in _registered_domain.read_servers(client, choice.name)]
            if others := _registered_domain.replaced(present, choice.servers):
                found[choice.name] = others
    if found and not take_over:
        raise NamesError(" ".join(_registered_domain.refusal(name, servers) for name, servers in found.items()))
    return found
