# SPDX-License-Identifier: GPL-3.0-or-later
'''What a fault is, and how one is added.

    @fault(2, one_machine=True)
    def nat_missing(site: Site) -> None:
        """Delete the NAT gateway of one zone."""
        …
        site.to_mend(steps.call, "ec2", "what_takes_it_back", …)
        site.ec2.what_is_wrong(…)

The function's name is the fault's, and its docstring says in one sentence what the person does. It stands in the
module of its topic, which `catalogue.py` names.
'''

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.faults.site import Site

Break = Callable[[Site], None]


@dataclass(frozen=True)
class Fault:
    """One mistake."""

    name: str
    row: int | None
    """Which of the nine stumbling blocks it belongs to; None for those beside them."""
    title: str
    """One sentence: what the person does."""
    one_machine: bool
    """It is made on one machine, or in the zone of one."""
    finding: str
    """How the doctor calls it: several mistakes may come to the same."""
    break_: Break


_known: dict[str, Fault] = {}


def fault(row: int | None, *, one_machine: bool = False, finding: str = "") -> Callable[[Break], Break]:
    """Make a fault of the function that follows; its finding bears its own name, if no other is given."""

    def keep(function: Break) -> Break:
        name = function.__name__.replace("_", "-")
        title = " ".join((function.__doc__ or "").split())
        _known[name] = Fault(name, row, title, one_machine, finding or name, function)
        return function

    return keep


def known() -> dict[str, Fault]:
    """Return the faults of all modules imported so far, by name; the stumbling blocks' in their order, then the others.

    `catalogue.FAULTS` has them all.
    """
    return dict(sorted(_known.items(), key=lambda item: item[1].row or 10))
