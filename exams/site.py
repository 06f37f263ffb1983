# SPDX-License-Identifier: GPL-3.0-or-later
"""The site that is examined: the lab's that runs already, or one that is built for it and ended with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from exams.tools import ExamError
from lab.base.endpoint import Endpoint, environment
from lab.base.paths import LabPaths

ROOT = Path(__file__).parents[1]
BUILDING = 1500
"""Seconds in which a site is built; it takes three to five minutes on two cores."""


@contextmanager
def provided(lab: str, site: str, region: str) -> Iterator[Mapping[str, str]]:
    """Yield the environment in which a lab's clients reach its API, once the site is there.

    A lab that ran before is left as it is, with the site that may have been built in it.
    """
    place = LabPaths(lab)
    ours = Endpoint.read(place) is None
    try:
        if ours:
            _run(lab, [sys.executable, "-m", "lab", "up", "--speed", "4"])
        keys = environment(place)
        if not is_there(keys, site, region):
            print(f"Building the site {site} in the lab {lab} (3 to 5 minutes)", flush=True)
            _run(lab, ["ansible-playbook", "-i", "inventories/lab", "playbooks/site.yml", "-e", f"site_name={site}"])
        yield keys
    finally:
        if ours:
            _run(lab, [sys.executable, "-m", "lab", "down"])


def is_there(keys: Mapping[str, str], site: str, region: str) -> bool:
    """Tell whether a site's load balancer, which is made late, is in the lab."""
    return any(":loadbalancer/" in arn for arn in _tagged(keys, site, region))


def ids(keys: Mapping[str, str], site: str, regions: Iterable[str]) -> frozenset[str]:
    """Return the ids of what bears the site's tag, and of what came with its VPC and can bear none of ours."""
    arns = [arn for region in regions for arn in _tagged(keys, site, region)]
    own = {arn.replace(":", "/").rpartition("/")[2] for arn in arns}
    vpcs = [arn.rpartition("/")[2] for arn in arns if ":vpc/" in arn]
    inside = [{"Name": "vpc-id", "Values": vpcs}]
    region = next((arn.split(":")[3] for arn in arns if ":vpc/" in arn), "")
    if not region:
        return frozenset(own)
    ec2 = _client(keys, "ec2", region)
    lists = (
        (ec2.describe_network_acls, "NetworkAcls", "NetworkAclId"),
        (ec2.describe_security_groups, "SecurityGroups", "GroupId"),
        (ec2.describe_route_tables, "RouteTables", "RouteTableId"),
        (ec2.describe_network_interfaces, "NetworkInterfaces", "NetworkInterfaceId"),
        (ec2.describe_vpc_endpoints, "VpcEndpoints", "VpcEndpointId"),
    )
    return frozenset(own | {resource[key] for ask, listed, key in lists for resource in ask(Filters=inside)[listed]})


def _tagged(keys: Mapping[str, str], site: str, region: str) -> list[str]:
    """Return the ARNs of what bears the site's tag in a region."""
    pages = _client(keys, "resourcegroupstaggingapi", region).get_paginator("get_resources")
    ours = [{"Key": "hasite:site", "Values": [site]}]
    return [
        mapping["ResourceARN"] for page in pages.paginate(TagFilters=ours) for mapping in page["ResourceTagMappingList"]
    ]


def _client(keys: Mapping[str, str], service: str, region: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        region,
        endpoint_url=keys["AWS_ENDPOINT_URL"],
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )


def _run(lab: str, words: Sequence[str]) -> None:
    given = {**os.environ, "LAB_NAME": lab}
    try:
        done = subprocess.run(words, cwd=ROOT, env=given, capture_output=True, text=True, timeout=BUILDING)
    except subprocess.TimeoutExpired as error:
        raise ExamError(f"{' '.join(words)} has not ended after {BUILDING} s.") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise ExamError(f"{' '.join(words)} ended with {done.returncode}: {said}")
