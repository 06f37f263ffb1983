# SPDX-License-Identifier: GPL-3.0-or-later
"""The site that is examined: the lab's that runs already, or one that is built for it and ended with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import boto3

from exams.tools import ExamError
from lab.endpoint import Endpoint, environment
from lab.place import Place

ROOT = Path(__file__).parents[1]
BUILDING = 1500
"""Seconds in which a site is built; it takes three to five minutes on two cores."""


@contextmanager
def provided(lab: str, site: str, region: str) -> Iterator[Mapping[str, str]]:
    """Yield the environment in which a lab's clients reach its API, once the site is there.

    A lab that ran before is left as it is, with the site that may have been built in it.
    """
    place = Place(lab)
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
    client = boto3.client(
        "resourcegroupstaggingapi",
        region_name=region,
        endpoint_url=keys["AWS_ENDPOINT_URL"],
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )
    ours = [{"Key": "hasite:site", "Values": [site]}]
    kinds = ["elasticloadbalancing:loadbalancer"]
    return bool(client.get_resources(TagFilters=ours, ResourceTypeFilters=kinds)["ResourceTagMappingList"])


def _run(lab: str, words: Sequence[str]) -> None:
    given = {**os.environ, "LAB_NAME": lab}
    try:
        done = subprocess.run(words, cwd=ROOT, env=given, capture_output=True, text=True, timeout=BUILDING)
    except subprocess.TimeoutExpired as error:
        raise ExamError(f"{' '.join(words)} has not ended after {BUILDING} s.") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise ExamError(f"{' '.join(words)} ended with {done.returncode}: {said}")
