# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of what the lab cannot make are empty, and stand in the table only while it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from lab.api.serving.answerers import Answerer, answerers
from lab.api.serving.empty_lists import EMPTY
from tests.unit.lab.served import Served, serve


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("lists")) as served:
        yield served


@pytest.mark.parametrize("service", EMPTY)
def test_each_list_is_empty(api: Served, service: str) -> None:
    client = api.client(service)
    for operation in sorted(EMPTY[service]):
        answer: dict[str, Any] = getattr(client, xform_name(operation))()
        del answer["ResponseMetadata"]
        assert any(shape.type_name == "list" for shape in leaves(client, operation)), operation
        assert empty(answer), operation


def leaves(client: Any, operation: str) -> Iterator[Any]:
    for shape in client.meta.service_model.operation_model(operation).output_shape.members.values():
        yield from shape.members.values() if shape.type_name == "structure" else [shape]


def empty(answer: dict[str, Any]) -> bool:
    """Tell whether an answer lists nothing, and says so where it counts."""
    counted = {"Quantity": 0, "IsTruncated": False, "MaxItems": 100, "Marker": ""}
    return all(
        empty(value) if isinstance(value, dict) else value == [] or str(value) == str(counted.get(key))
        for key, value in answer.items()
    )


def test_a_list_of_cloudfront_is_counted_and_as_long_as_asked(api: Served) -> None:
    told = api.client("cloudfront").list_streaming_distributions(MaxItems="7")["StreamingDistributionList"]
    assert told == {"Marker": "", "MaxItems": 7, "IsTruncated": False, "Quantity": 0}


def test_route_53_tells_a_whole_page_of_no_policies(api: Served) -> None:
    told = api.client("route53").list_traffic_policies()
    assert (told["TrafficPolicySummaries"], told["IsTruncated"], told["MaxItems"]) == ([], False, "100")


def test_a_list_is_asked_for_by_filters(api: Served) -> None:
    ec2 = api.client("ec2")
    wanted = [{"Name": "state", "Values": ["available"]}]
    assert ec2.describe_ipam_pools(Filters=wanted)["IpamPools"] == []


def test_one_of_them_by_its_name_is_not_known(api: Served) -> None:
    with pytest.raises(ClientError, match="The lab does not know ec2 DescribeIpamPools"):
        api.client("ec2").describe_ipam_pools(IpamPoolIds=["ipam-pool-00000000000000000"])


MAKERS = ("Create", "Import", "Allocate", "Request", "Start", "Put", "Purchase", "Provision")


def singular(name: str) -> str:
    return name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")


@pytest.mark.parametrize("service", EMPTY)
def test_nothing_makes_what_they_list(api: Served, service: str) -> None:
    """What moto or the lab learns to list, or to make, leaves the table: an empty list would be a lie then."""
    del api
    by = answerers(service)
    for operation in EMPTY[service]:
        thing = singular(operation.removeprefix("Describe").removeprefix("List").removeprefix("Get"))
        assert by[operation] is Answerer.EMPTY, operation
        assert {by.get(f"{maker}{thing}", Answerer.REFUSED) for maker in MAKERS} == {Answerer.REFUSED}, operation
