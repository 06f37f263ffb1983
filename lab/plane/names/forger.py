# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody on the way from the name servers to the resolvers, who changes addresses in answers but can't sign them."""

from __future__ import annotations

from collections.abc import Mapping

import dns.message
import dns.rdatatype
import dns.rrset

from lab.context import Context

PATH = "/_lab/forger"
"""Where the API's server takes what the forger is to say."""


def console(context: Context, entry: Mapping[str, str | None] | None) -> dict[str, str]:
    """Have the forger lie about names' addresses, or lie no longer where there is none; return what he says now."""
    for name, address in (entry or {}).items():
        if address:
            context.forgeries[name.lower().rstrip(".")] = address
        else:
            context.forgeries.pop(name.lower().rstrip("."), None)
    return context.forgeries


def forged(response: dns.message.Message, forgeries: Mapping[str, str]) -> dns.message.Message:
    """Return an answer as it leaves the forger's hands."""
    for place, found in enumerate(response.answer):
        address = forgeries.get(found.name.to_text(omit_final_dot=True).lower())
        if address and found.rdtype == dns.rdatatype.A:
            response.answer[place] = dns.rrset.from_text(found.name, found.ttl, "IN", "A", address)
    return response
