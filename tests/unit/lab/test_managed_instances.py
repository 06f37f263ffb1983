# SPDX-License-Identifier: GPL-3.0-or-later
"""Which managed instances a caller sees, page by page."""

from __future__ import annotations

import pytest

from lab.api.moto.paging import TokenError, page
from lab.world.machines.managed_instances import UnknownKeyError, UnknownValueError, filters, select

INSTANCES = [
    {"InstanceId": "i-1", "PingStatus": "Online", "ResourceType": "EC2Instance"},
    {"InstanceId": "i-2", "PingStatus": "ConnectionLost", "ResourceType": "EC2Instance"},
]
TAGS = {"i-1": {"Name": "web"}}


@pytest.mark.parametrize(
    ("key", "values", "found"),
    [
        ("InstanceIds", ["i-2", "i-3"], ["i-2"]),
        ("PingStatus", ["Online"], ["i-1"]),
        ("ResourceType", ["EC2Instance"], ["i-1", "i-2"]),
        ("ResourceType", ["ManagedInstance"], []),
        ("tag:Name", ["web"], ["i-1"]),
        ("tag-key", ["Name"], ["i-1"]),
    ],
)
def test_filters_of_both_styles(key: str, values: list[str], found: list[str]) -> None:
    for request in (
        {"Filters": [{"Key": key, "Values": values}]},
        {"InstanceInformationFilterList": [{"key": key, "valueSet": values}]},
    ):
        assert [one["InstanceId"] for one in select(INSTANCES, filters(request), TAGS)] == found


def test_unknown_filters_are_refused() -> None:
    with pytest.raises(UnknownKeyError):
        filters({"Filters": [{"Key": "Colour", "Values": ["red"]}]})
    with pytest.raises(UnknownValueError):
        filters({"Filters": [{"Key": "PingStatus", "Values": ["Sleepy"]}]})


def test_pages_hold_everything_once() -> None:
    token, seen = None, []
    while True:
        items, token = page(range(23), token, 5)
        seen += items
        if not token:
            break
    assert seen == list(range(23))
    with pytest.raises(TokenError):
        page([1], "nonsense", 5)
