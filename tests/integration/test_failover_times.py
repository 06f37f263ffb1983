# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the checkers really need to agree, against the arithmetic that the drill's budget is made of.

The name has a health check only, without the shortcut that evaluating an alias's targets would be.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import pytest

from tests.integration.name_rig import WEB, Page, Rig, plain, upsert
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")]

RUNS = 10
AWAY = "192.0.2.99"


class Runs:
    """Names with a check and sixteen checkers of their own each, all on one page."""

    def __init__(self, rig: Rig, names: int, interval: int, threshold: int) -> None:
        self._rig = rig
        self._client = rig.client("route53")
        top = f"check-{interval}-{threshold}.test"
        zone = self._client.create_hosted_zone(Name=top, CallerReference=top)["HostedZone"]["Id"]
        servers = self._client.get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"]
        (self._server,) = until(lambda: rig.values(servers[0]))
        self.names = [f"run-{number}.{top}" for number in range(names)]
        config = {
            "Type": "HTTP",
            "IPAddress": WEB,
            "Port": 80,
            "RequestInterval": interval,
            "FailureThreshold": threshold,
        }
        self._checks = [
            self._client.create_health_check(CallerReference=name, HealthCheckConfig=config)["HealthCheck"]["Id"]
            for name in self.names
        ]
        for name, check in zip(self.names, self._checks, strict=True):
            primary = plain(name, WEB, ttl=1, SetIdentifier="p", Failover="PRIMARY", HealthCheckId=check)
            upsert(rig, zone, primary, plain(name, AWAY, ttl=1, SetIdentifier="s", Failover="SECONDARY"))
        until(lambda: self.agreed(good=True), 30)

    def agreed(self, *, good: bool) -> bool:
        """Tell whether every single checker has this verdict."""
        readings = [self._rig.context.observed.checks.get(check, {}) for check in self._checks]
        return all(len(reading) == 16 and {each.healthy for each in reading.values()} == {good} for reading in readings)

    def seconds_until(self, address: str, change: Callable[[], None]) -> list[float]:
        """Return how many of the lab's seconds after the change each name is answered with the address."""
        clock, found = self._rig.context.clock, dict.fromkeys(self.names, 0.0)
        change()
        began, deadline = clock.monotonic(), time.monotonic() + 60
        while missing := [name for name, after in found.items() if not after]:
            assert time.monotonic() < deadline, f"{missing} never turned"
            for name in missing:
                if self._rig.values(name, server=self._server) == [address]:
                    found[name] = clock.monotonic() - began
            time.sleep(0.02)  # asking without a pause would keep the checkers themselves from their work
        return list(found.values())

    def close(self) -> None:
        """End the checks."""
        for check in self._checks:
            self._client.delete_health_check(HealthCheckId=check)


# At once run as many as a busy machine keeps up with at the rig's speed: about 80 probes a second.
@pytest.mark.parametrize(
    ("names", "interval", "threshold", "detection", "recovery"), [(5, 10, 3, 29, 22), (10, 30, 3, 86, 66)]
)
def test_medians_of_ten_runs_are_those_of_the_arithmetic(
    rig: Rig, page: type[Page], names: int, interval: int, threshold: int, detection: int, recovery: int
) -> None:
    runs = Runs(rig, names, interval, threshold)
    gone: list[float] = []
    back: list[float] = []
    try:
        while len(gone) < RUNS:
            gone += runs.seconds_until(AWAY, lambda: setattr(page, "status", 503))
            until(lambda: runs.agreed(good=False), 30)
            back += runs.seconds_until(WEB, lambda: setattr(page, "status", 200))
            until(lambda: runs.agreed(good=True), 30)
    finally:
        runs.close()
    print(f"{interval} s x {threshold}: gone {sorted(gone)}, back {sorted(back)}")
    assert statistics.median(gone) == pytest.approx(detection, rel=0.1)
    assert statistics.median(back) == pytest.approx(recovery, rel=0.1)
