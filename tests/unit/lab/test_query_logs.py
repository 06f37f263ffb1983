# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines about queries, and who lets Route 53 write them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from lab.base import addresses
from lab.base.authority import Authority
from lab.base.backends import ACCOUNT
from lab.base.clock import Clock
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context
from lab.plane.names.query_log import QueryLog
from lab.world.names.query_logs import Query, group_of, line, location_of, may_write, stream

QUERY = Query("ZSITE", "www.hasite.test", "A", "NOERROR", "UDP", "NRT3", "198.18.0.53")
PREFIX = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:"
ACTIONS = ["logs:CreateLogStream", "logs:PutLogEvents"]


def test_a_line_has_what_aws_says() -> None:
    assert line(QUERY, 1513152962.13) == (
        "1.0 2017-12-13T08:16:02Z ZSITE www.hasite.test A NOERROR UDP NRT3 198.18.0.53 -"
    )
    passed_on = line(replace(QUERY, name="", subnet="192.0.2.0/24"), 0)
    assert passed_on == "1.0 1970-01-01T00:00:00Z ZSITE . A NOERROR UDP NRT3 198.18.0.53 192.0.2.0/24"
    assert stream(QUERY) == "ZSITE/NRT3"


def test_each_server_is_an_edge_location() -> None:
    assert len({location_of(server) for server in addresses.ROUTE53_SERVERS}) == len(addresses.ROUTE53_SERVERS)


@pytest.mark.parametrize(
    ("arn", "group"),
    [
        (f"{PREFIX}/shop/queries", "/shop/queries"),
        (f"{PREFIX}/shop/queries:*", "/shop/queries"),
        (PREFIX, None),
        (f"{PREFIX}a:log-stream:b", None),
        (PREFIX.replace("us-east-1", "eu-west-1") + "/shop/queries", None),
        (PREFIX.replace(ACCOUNT, "999999999999") + "/shop/queries", None),
        ("", None),
    ],
)
def test_a_log_group_is_read_from_its_arn(arn: str, group: str | None) -> None:
    assert group_of(arn, ACCOUNT) == group


def policy(**more: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "route53.amazonaws.com"},
        "Action": ACTIONS,
        "Resource": f"{PREFIX}/shop/queries:*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **more}]})


@pytest.mark.parametrize(
    ("policies", "may"),
    [
        ([], False),
        ([policy()], True),
        ([policy(Resource=f"{PREFIX}/shop/*")], True),
        ([policy(Resource=f"{PREFIX}/blog/*")], False),
        ([policy(Action="logs:PutLogEvents")], False),
        ([policy(Action="logs:PutLogEvents"), policy(Action="logs:CreateLogStream")], True),
        ([policy(Principal={"Service": "delivery.logs.amazonaws.com"})], False),
        ([policy(Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}})], True),
        ([policy(Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}})], False),
        ([policy(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:route53:::hostedzone/ZSITE"}})], True),
        ([policy(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:route53:::hostedzone/ZOTHER"}})], False),
        ([policy(), policy(Effect="Deny")], False),
    ],
)
def test_route_53_writes_where_a_policy_lets_it(policies: list[str], may: bool) -> None:
    assert may_write(policies, "ZSITE", "/shop/queries", ACCOUNT) == may


def test_nothing_is_written_without_the_right_or_the_group(tmp_path: Path) -> None:
    async def written() -> list[str]:
        context = Context(
            LabPaths("unit"), Clock(speed=1000), Authority(tmp_path), Observed(), asyncio.get_running_loop()
        )
        log, logs = QueryLog(context), context.backends.at("logs", "us-east-1")
        logs.create_log_group("/shop/queries", {})
        for name in ("before", "after"):
            for group in ("/shop/queries", "/shop/queries/gone"):
                log.note(group, Query("ZSITE", name, "A", "NOERROR", "UDP", "NRT3", "198.18.0.53"))
            assert log._writing
            await log._writing
            logs.put_resource_policy("shop", policy(Resource=f"{PREFIX}/shop/queries*"))
        log.close()
        assert set(logs.groups) == {"/shop/queries"}
        return [event.message for one in logs.groups["/shop/queries"].streams.values() for event in one.events]

    with mock_aws():
        (only,) = asyncio.run(written())
    assert " after A " in only
