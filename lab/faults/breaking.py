# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaks a site by one fault, mends it again, and tells which faults there are."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from lab.base.endpoint import require
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.faults import journal
from lab.faults.catalogue import FAULTS
from lab.faults.fault import Fault
from lab.faults.journal import Journal
from lab.faults.site import Account, Site
from lab.faults.steps import STEPS

DEFAULT_SITE = "demo"
_TROUBLE = (LabError, BotoCoreError, ClientError, OSError)
"""What may happen on the way to the API and to the machines."""


@dataclass(frozen=True)
class State:
    """A fault as `lab faults` shows it."""

    name: str
    row: int | None
    title: str
    one_machine: bool
    broken: bool


def states(place: LabPaths) -> list[State]:
    """Return every fault with its state."""
    require(place)
    broken = journal.broken(place)
    return [
        State(fault.name, fault.row, fault.title, fault.one_machine, fault.name in broken) for fault in FAULTS.values()
    ]


def listing(found: Sequence[State]) -> str:
    """Return the faults as a table."""
    width = max(len(state.name) for state in found)
    return "\n".join(
        f"{state.row or '-'}  {state.name:{width}}  {'broken' if state.broken else '      '}  {state.title}"
        for state in found
    )


def break_(place: LabPaths, name: str, site: str | None, machine: str | None) -> Fault:
    """Make a fault."""
    fault = _find(name)
    if machine and not fault.one_machine:
        raise LabError(f"{name} does not concern one machine; leave out --machine.")
    made = Journal.begin(place, name, site or _only_site(place), machine)
    try:
        fault.break_(Site(place, made))
    except _TROUBLE as error:
        hint = f" (`lab mend {name}` takes back what has been done)" if made.steps else ""
        raise LabError(f"{name} could not be broken{hint}: {error}") from error
    finally:
        if not made.steps:  # nothing has been done
            made.drop(place)
    return fault


def mend(place: LabPaths, name: str) -> Fault:
    """Take a fault back."""
    fault = _find(name)
    require(place)
    made = Journal.read(place, name)
    site = Site(place, made)
    try:
        for step in made.taken_back(place):
            STEPS[step.name](site, *step.arguments, **step.options)
    except _TROUBLE as error:
        raise LabError(f"{name} could not be mended: {error}") from error
    return fault


def _find(name: str) -> Fault:
    if name in FAULTS:
        return FAULTS[name]
    near = difflib.get_close_matches(name, FAULTS, 1, 0)
    raise LabError(f"There is no fault {name!r}; `lab faults` lists them. Did you mean {near[0]}?")


def _only_site(place: LabPaths) -> str:
    sites = Account(place).sites()
    if DEFAULT_SITE in sites:
        return DEFAULT_SITE
    if len(sites) != 1:
        known = ", ".join(sites) or "none"
        raise LabError(f"Which site? The lab has {known}; name one with --site, or build one (`make site`).")
    return sites[0]
