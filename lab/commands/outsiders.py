# SPDX-License-Identifier: GPL-3.0-or-later
"""People outside AWS: at the registrar's console, on the way from the name servers, and those who publish images."""

from __future__ import annotations

import ipaddress

import dns.exception
import dns.rdata

from lab.api.services.ec2 import amis
from lab.base.endpoint import ask
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.plane.names import forger, registrar


def enter_signer(place: LabPaths, domain: str, record: str | None) -> str:
    """Enter a domain's DS record at the registrar, in place of those that are there, or remove these."""
    name = domain.lower().rstrip(".")
    if record is None:
        ask(place, registrar.SIGNERS_PATH, {name: None})
        return f"The registry has no DS record of {name} any more that was entered by hand."
    try:
        text = dns.rdata.from_text("IN", "DS", record).to_text()
    except dns.exception.DNSException as error:
        raise LabError(
            f"{record!r} is no DS record ({error}); write key tag, algorithm, digest type and digest."
        ) from error
    ask(place, registrar.SIGNERS_PATH, {name: [text]})
    return f"The registry has the DS record {text} of {name}."


def forge(place: LabPaths, name: str, address: str | None) -> str:
    """Have the forger lie about a name's address, or end that."""
    try:
        told = str(ipaddress.IPv4Address(address)) if address else None
    except ValueError as error:
        raise LabError(f"{address!r} is no IPv4 address; the lab's visitors have no others.") from error
    ask(place, forger.PATH, {name: told})
    return f"Resolvers are told that {name} is {told}." if told else f"Resolvers are told the truth about {name}."


def publish_image(place: LabPaths, system: str) -> str:
    """Have a system's publisher put a newer image behind its public parameter; machines that are there keep theirs."""
    newest = ask(place, amis.PATH, {"system": system})[system]
    parameter = next(image.parameter for image in amis.IMAGES if image.system == system)
    return f"{parameter} names {newest} now."
