# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of faults, the journal, and faults made and mended against an API without a lab."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.faults import changes, journal, steps
from lab.faults.breaking import break_, listing, mend, states
from lab.faults.catalogue import FAULTS
from lab.faults.fault import Fault
from lab.faults.journal import Journal, Step
from lab.faults.site import Site

ROOT = Path(__file__).parents[3]
REGION = "ap-northeast-1"
ROWS = {
    1: {"profile-detached", "agent-stopped", "endpoints-unreachable", "egress-443-closed"},
    2: {"nat-missing", "default-route-missing", "private-route-to-internet-gateway", "nat-in-private-subnet"},
    3: {"balancer-not-admitted", "httpd-down", "health-path-404", "health-page-500"},
    4: {
        *("registrar-old-nameservers", "validation-record-missing", "caa-forbids-amazon"),
        "certificate-missing-in-us-east-1",
    },
    5: {"dns-egress-closed", "secondary-missing", "health-check-on-failover-name", "nothing-evaluated"},
    6: {"local-files-served", "releases-differ"},
    7: {"nfs-ingress-closed", "nfs-egress-closed", "mount-target-missing", "share-name-unresolved"},
    8: {"mounted-by-hand", "fstab-without-netdev"},
    9: {"slow-health-check", "error-page-cacheable", "long-error-ttl"},
}
"""What the nine stumbling blocks have, in the fourth column of their table."""


# ---- the catalogue


def test_every_stumbling_block_has_its_faults_in_order() -> None:
    assert {row: {one.name for one in FAULTS.values() if one.row == row} for row in ROWS} == ROWS
    assert len([one for one in FAULTS.values() if one.row is None]) >= 15
    rows = [one.row or 10 for one in FAULTS.values()]
    assert rows == sorted(rows)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_fault_is_named_and_told_in_one_sentence(fault: Fault) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fault.name)
    assert re.fullmatch(r"[A-Z][^.]*\.", fault.title), fault.title
    assert len(fault.title) <= 110


@pytest.mark.parametrize("page", ["docs/stumbling-blocks.md", "docs/ja/stumbling-blocks.md"])
def test_docs_name_every_fault(page: str) -> None:
    named = set(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)+", (ROOT / page).read_text()))
    assert named >= set(FAULTS)


# ---- the journal


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LabPaths:
    monkeypatch.setattr("lab.base.paths.ROOT", tmp_path)
    return LabPaths("unit")


def test_steps_are_taken_back_the_last_one_first(place: LabPaths) -> None:
    made = Journal.begin(place, "nat-missing", "demo", None)
    for name in "abc":
        made.add(place, Step(name, [1], {"key": ["value"]}))
    assert journal.broken(place) == {"nat-missing"}
    again = Journal.read(place, "nat-missing")
    assert again == made
    assert [step.name for step in again.taken_back(place)] == ["c", "b", "a"]
    assert journal.broken(place) == set()


def test_a_killed_mend_goes_on_where_it_was(place: LabPaths) -> None:
    made = Journal.begin(place, "nat-missing", "demo", None)
    for name in "abc":
        made.add(place, Step(name, [], {}))
    going = made.taken_back(place)
    assert [next(going).name, next(going).name] == ["c", "b"]
    assert [step.name for step in Journal.read(place, "nat-missing").steps] == ["a", "b"]


# ---- breaking and mending, over the API


@pytest.fixture
def ec2(place: LabPaths, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A network with a web group, and an account that reaches it."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    keys = {"AWS_ACCESS_KEY_ID": "lab", "AWS_SECRET_ACCESS_KEY": "nobody"}
    reached = {"AWS_ENDPOINT_URL": None, "AWS_DEFAULT_REGION": REGION, **keys}
    monkeypatch.setattr("lab.faults.site.environment", lambda _place: reached)
    monkeypatch.setattr("lab.faults.breaking.require", lambda _place: None)
    with mock_aws():
        client = boto3.client("ec2", region_name=REGION, aws_access_key_id="lab", aws_secret_access_key="nobody")
        vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        group = client.create_security_group(GroupName="shop-web", Description="web", VpcId=vpc)["GroupId"]
        for resource, part in ((vpc, "network"), (group, "web")):
            tags = {"hasite:site": "shop", "hasite:part": part}
            client.create_tags(Resources=[resource], Tags=[{"Key": key, "Value": tags[key]} for key in tags])
        client.revoke_security_group_egress(GroupId=group, IpPermissions=permissions(client, "IpPermissionsEgress"))
        client.authorize_security_group_egress(GroupId=group, IpPermissions=[rule(443), rule(80)])
        yield client


def rule(port: int) -> dict[str, Any]:
    world = [{"CidrIp": "0.0.0.0/0", "Description": f"to {port}"}]
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": world}


def permissions(client: Any, direction: str) -> list[dict[str, Any]]:
    wanted = [{"Name": "group-name", "Values": ["shop-web"]}]
    [group] = client.describe_security_groups(Filters=wanted)["SecurityGroups"]
    return sorted(group[direction], key=lambda one: one.get("FromPort", 0))


def test_rule_is_taken_away_and_put_back_with_its_description(ec2: Any, place: LabPaths) -> None:
    before = permissions(ec2, "IpPermissionsEgress")
    break_(place, "egress-443-closed", None, None)
    assert [permission["FromPort"] for permission in permissions(ec2, "IpPermissionsEgress")] == [80]
    assert [state.name for state in states(place) if state.broken] == ["egress-443-closed"]
    assert re.search(r"egress-443-closed +broken +Close", listing(states(place)))
    mend(place, "egress-443-closed")
    assert permissions(ec2, "IpPermissionsEgress") == before
    assert not any(state.broken for state in states(place))


def test_break_that_was_killed_before_the_change_is_mended(ec2: Any, place: LabPaths) -> None:
    before = permissions(ec2, "IpPermissionsEgress")
    made = Journal.begin(place, "egress-443-closed", "shop", None)
    site = Site(place, made)
    group = site.group("web")["GroupId"]
    site.to_mend(steps.call, "ec2", "authorize_security_group_egress", GroupId=group, IpPermissions=[rule(443)])
    mend(place, "egress-443-closed")
    assert permissions(ec2, "IpPermissionsEgress") == before


def test_two_openings_of_one_group_are_mended_in_any_order(ec2: Any, place: LabPaths) -> None:
    for name in ("port-22-open", "web-group-open-to-world"):
        break_(place, name, "shop", None)
    assert [permission["FromPort"] for permission in permissions(ec2, "IpPermissions")] == [22, 80]
    for name in ("port-22-open", "web-group-open-to-world"):
        mend(place, name)
    assert permissions(ec2, "IpPermissions") == []


def test_what_cannot_be_done_is_said_in_one_sentence(ec2: Any, place: LabPaths) -> None:
    def refusal(call: Any, *arguments: Any) -> str:
        with pytest.raises(LabError) as raised:
            call(place, *arguments)
        return str(raised.value)

    assert refusal(break_, "nat-misssing", None, None).endswith("Did you mean nat-missing?")
    assert refusal(break_, "port-22-open", None, "shop-web-a") == (
        "port-22-open does not concern one machine; leave out --machine."
    )
    assert refusal(break_, "httpd-down", None, None) == (
        "httpd-down could not be broken: The site shop has no machines; build it first (`make site`)."
    )
    assert refusal(mend, "httpd-down") == "httpd-down is not broken, so there is nothing to mend."
    break_(place, "port-22-open", None, None)
    assert refusal(break_, "port-22-open", None, None) == (
        "port-22-open is broken already; `lab mend port-22-open` mends it."
    )


def test_site_must_be_named_where_there_are_several(ec2: Any, place: LabPaths) -> None:
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[other], Tags=[{"Key": "hasite:site", "Value": "blog"}])
    with pytest.raises(LabError, match="The lab has blog, shop; name one with --site"):
        break_(place, "port-22-open", None, None)
    break_(place, "port-22-open", "shop", None)
    assert [permission["FromPort"] for permission in permissions(ec2, "IpPermissions")] == [22]


# ---- on a machine


@pytest.fixture
def files(ec2: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The files of the only machine; what it was told besides is under "said"."""
    found = {"/etc/fstab": "one\ntwo\n", "said": ""}

    def run(_site: Site, _machine: str, *command: str, given: str | None = None) -> str:
        if command[0] == "cat":
            return found[command[1]]
        if command[0] == "tee":
            found[command[1]] = given or ""
        else:
            found["said"] += " ".join(command) + "\n"
        return ""

    monkeypatch.setattr(Site, "run", run)
    return found


def edit(place: LabPaths, fault: str, old: str, new: str) -> None:
    """Make a fault that consists of a changed line in fstab."""
    site = Site(place, Journal.begin(place, fault, "shop", None))
    changes.edit(site, "i-1", "/etc/fstab", lambda text: text.replace(old, new), "systemctl", "daemon-reload")


def test_file_is_changed_and_put_back(place: LabPaths, files: dict[str, str]) -> None:
    edit(place, "mounted-by-hand", "two\n", "")
    assert files["/etc/fstab"] == "one\n"
    mend(place, "mounted-by-hand")
    assert files == {"/etc/fstab": "one\ntwo\n", "said": "systemctl daemon-reload\n" * 2}


def test_file_that_its_owner_has_repaired_is_left_alone(place: LabPaths, files: dict[str, str]) -> None:
    edit(place, "mounted-by-hand", "two\n", "")
    files["/etc/fstab"] = "one\ntwo\n"
    mend(place, "mounted-by-hand")
    assert files == {"/etc/fstab": "one\ntwo\n", "said": "systemctl daemon-reload\n"}


def test_two_changes_of_one_file_are_mended_the_later_one_first(place: LabPaths, files: dict[str, str]) -> None:
    edit(place, "mounted-by-hand", "two", "2")
    edit(place, "fstab-without-netdev", "one", "1")
    with pytest.raises(LabError, match="/etc/fstab on i-1 has been changed since; mend first what was broken later"):
        mend(place, "mounted-by-hand")
    mend(place, "fstab-without-netdev")
    mend(place, "mounted-by-hand")
    assert files["/etc/fstab"] == "one\ntwo\n"


def test_change_that_changes_nothing_is_no_fault(place: LabPaths, files: dict[str, str]) -> None:
    with pytest.raises(LabError, match="is not as the site's roles write it"):
        edit(place, "mounted-by-hand", "three", "3")
    assert files == {"/etc/fstab": "one\ntwo\n", "said": ""}
