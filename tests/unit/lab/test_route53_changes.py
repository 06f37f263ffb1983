# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a zone reach the name servers each in its own time, and never take a later one back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from types import SimpleNamespace
from typing import Any

import pytest

from lab.api.services.route53.changes import propagate


class Slow:
    """Waits that end when the test says so."""

    def __init__(self) -> None:
        self.ends: list[Callable[[], None]] = []
        self.needs: list[list[str]] = []

    def begin(self, _step: str, _change: str, *, then: Callable[[], None], needs: list[str], **_more: Any) -> None:
        self.ends.append(then)
        self.needs.append(needs)


def context(waits: Slow, *distributions: Any) -> Any:
    cloudfront = SimpleNamespace(distributions=dict(enumerate(distributions)))
    return SimpleNamespace(waits=waits, backends=SimpleNamespace(at=lambda *_: cloudfront))


def served(zone: Any) -> str:
    return "".join(zone.rrsets if zone.served is None else zone.served)


def change(name: str, **more: Any) -> dict[str, Any]:
    return {"Action": "UPSERT", "ResourceRecordSet": {"Name": name, **more}}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_is_served_never_goes_back(order: tuple[int, ...]) -> None:
    waits, zone = Slow(), SimpleNamespace(rrsets=["0"])
    for records in "123":
        before, zone.rrsets = zone.rrsets, [records]
        propagate(context(waits), zone, before, [change("a.test.")])
        assert served(zone) == "0"
    newest = 0
    for number in order:
        waits.ends[number]()
        newest = max(newest, number + 1)
        assert served(zone) == str(newest)
    assert zone.served is None, "nothing is under way any more"


def test_an_alias_needs_what_its_distribution_needed() -> None:
    waits, zone = Slow(), SimpleNamespace(rrsets=[])
    certificate = {"ViewerCertificate": {"ACMCertificateArn": "arn:1"}}
    mine = SimpleNamespace(domain_name="d1.cloudfront.net", distribution_config=certificate)
    other = SimpleNamespace(domain_name="d2.cloudfront.net", distribution_config=None)
    alias = change("a.test.", AliasTarget={"DNSName": "d1.cloudfront.net."})
    propagate(context(waits, mine, other), zone, [], [alias])
    assert waits.needs == [["proof a.test", "arn:1"]]
