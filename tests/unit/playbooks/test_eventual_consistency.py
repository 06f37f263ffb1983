# SPDX-License-Identifier: GPL-3.0-or-later
"""The network is built, and taken away, where EC2 tells other calls only seconds later of what was made or deleted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.world.account.consistency import Lateness
from lab.world.account.token_buckets import TokenBuckets
from tests.unit.lab.served import Served, serve

ROOT = Path(__file__).parents[3]
SECONDS = 2.0


@dataclass(frozen=True)
class Always(Lateness):
    """Is late each time, as a seed draws it for some."""

    seed: int = 0

    def seconds(self, prefix: str, ordinal: int, change: str) -> float:
        del prefix, ordinal, change
        return SECONDS


def run(served: Served, playbook: str) -> subprocess.CompletedProcess[str]:
    owner = served.context.owner
    endpoint = {"url": served.url, "access_key": owner.access_key, "secret_key": owner.secret_key}
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            *("-i", "localhost,", "-c", "hasite.aws.warm_local", "-e", f"ansible_python_interpreter={sys.executable}"),
            *("-e", json.dumps({"endpoint": endpoint}), str(Path(__file__).with_name(playbook))),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections"),
            "ANSIBLE_WARM_LOCAL_IDLE_TIMEOUT": "30",
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.acceptance
def test_an_eventually_consistent_network_is_built_in_one_run_and_wastes_no_address(tmp_path: Path) -> None:
    with serve(tmp_path, lateness=Always(), throttling=TokenBuckets()) as served:
        done = run(served, "late_network.yml")
        assert done.returncode == 0, done.stdout
        ec2 = served.client("ec2")
        (gateway,) = ec2.describe_nat_gateways()["NatGateways"]
        (address,) = ec2.describe_addresses()["Addresses"]
        assert gateway["NatGatewayAddresses"][0]["AllocationId"] == address["AllocationId"]
        assert {"Key": "hasite:site", "Value": "late"} in address["Tags"]
        again = run(served, "late_network.yml")
        assert again.returncode == 0, again.stdout
        assert "changed=0" in again.stdout
        assert len(ec2.describe_addresses()["Addresses"]) == 1


@pytest.mark.acceptance
def test_an_eventually_consistent_network_is_taken_away_with_the_address_that_was_left(tmp_path: Path) -> None:
    with serve(tmp_path, lateness=Always(), throttling=TokenBuckets()) as served:
        done = run(served, "late_teardown.yml")
        assert done.returncode == 0, done.stdout
        time.sleep(SECONDS)
        ec2 = served.client("ec2")
        assert ec2.describe_addresses()["Addresses"] == []
        assert ec2.describe_vpcs(Filters=[{"Name": "tag:hasite:site", "Values": ["late"]}])["Vpcs"] == []
