# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What an auditor wants to know of a drill, in the auditor's words. Pure.

The words are those of AWS's Well-Architected Framework (REL12-BP04, "Test resiliency using chaos engineering":
https://docs.aws.amazon.com/wellarchitected/latest/framework/rel_testing_resiliency_failure_injection_resiliency.html)
and of the experiment reports of its Fault Injection Service
(https://docs.aws.amazon.com/fis/latest/userguide/experiment-report-configuration.html): steady state, hypothesis, blast
radius, stop conditions, and the steady state before and after.
"""

from __future__ import annotations

import math
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .judging import availability
from .progress import EDGE, VISITORS, State
from .visiting import ERROR_PAGE, Visit

Raw = dict[str, t.Any]
STEADY_STATE = (
    "Each visitor is answered by the site over HTTPS, with a certificate for its name; each machine runs and is a "
    "healthy target; and the edge, asked directly, has the error page."
)


@dataclass(frozen=True)
class Experiment:
    """What a stage is about."""

    hypothesis: str
    blast_radius: str


_ONE = (
    "goes on answering by the other machine, and no request fails for longer than the load balancer needs to notice"
    " ({detection} s)."
)
EXPERIMENTS = {
    "one_stopped": Experiment(f"While a machine is stopped, the site {_ONE}", "One machine."),
    "all_stopped": Experiment(
        "When all machines are stopped, visitors get the error page over HTTPS within {error_page} s of the site's last"
        " answer. It says 503, and no cache keeps it.",
        "All machines of the site: it is down until the next stage, or the drill's end.",
    ),
    "all_started": Experiment(
        "When the machines are started, visitors get the site within {back} s of its first healthy target.",
        "None: it ends the outage of the stage before, or begins with an outage of its own.",
    ),
    "one_rebooted": Experiment(
        f"While a machine is rebooted, the site {_ONE} The machine mounts the share again.", "One machine."
    ),
    "share_lost": Experiment(
        f"While a machine has lost the share, the site {_ONE} The machine mounts the share again by itself.",
        "The share on one machine. What others have there is not touched.",
    ),
    "zone_lost": Experiment(
        f"While a zone is lost, the site {_ONE} Names lead to the lost zone's node for {{zone}} s at most.",
        "One zone: its subnets, and all in them: a balancer's node, a NAT gateway, a mount target, machines.",
    ),
    "edge_lost": Experiment(
        "While the error page's bucket refuses CloudFront, no visitor of the site notices. Who asks the edge itself"
        " gets no error page, and gets it again within {error_ttl} s of the bucket's admitting it.",
        "The error page. Were the machines to fail meanwhile, visitors would get CloudFront's bare error.",
    ),
}


def planned(stage: str, budget: Mapping[str, t.Any], touched: Sequence[str]) -> Raw:
    """Return what was to be shown by a stage, and what it was to touch."""
    one = EXPERIMENTS[stage]
    known = {
        "detection": budget["one_machine"]["detection"],
        "error_page": round(budget["error_page"]["returning_visitors"]["longest"]),
        "back": round(budget["back"]["returning_visitors"]["longest"]),
        "zone": budget["zone"]["returning_visitors"],
        "error_ttl": budget["edge"]["error_ttl"],
    }
    return {
        "hypothesis": one.hypothesis.format(**known),
        "blast_radius": one.blast_radius,
        "touched": list(touched),
    }


def steady_state(visits: Sequence[Visit], states: Sequence[State], speed: float) -> Raw:
    """Return the figures of the steady state in a while in which nothing was done to the site."""
    own = [one for one in visits if one["visitor"] in VISITORS]
    asked = [one for one in visits if one["visitor"] == EDGE]
    answers = sorted(float(one["seconds"]) for one in own)
    last: State = next((one for one in reversed(states) if "error" not in one), {})
    began, ended = (visits[0]["at"], visits[-1]["at"]) if visits else (None, None)
    return {
        "began": began,
        "ended": ended,
        "seconds": (ended - began) * speed if began and ended else 0.0,
        **availability(own),
        "median": _quantile(answers, 0.5),
        "p95": _quantile(answers, 0.95),
        "edge_share": sum(one["outcome"] == ERROR_PAGE for one in asked) / len(asked) if asked else None,
        "hosts": sorted({one["host"] for one in own if one.get("host")}),
        "instances": last.get("instances", {}),
        "targets": last.get("targets", {}),
        "checkers": last.get("checkers"),
        "alarms": last.get("alarms", {}),
    }


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def within(records: Sequence[Raw], began: float, ended: float) -> list[Raw]:
    """Return the records of a while."""
    return [one for one in records if began <= one["at"] < ended]
