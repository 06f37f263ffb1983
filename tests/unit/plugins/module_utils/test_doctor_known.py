# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor's rules know of things: frozen dataclasses, made of what the modules return."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.hasite.aws.plugins.module_utils._doctor.known.machines import Instance, Machine
from ansible_collections.hasite.aws.plugins.module_utils._doctor.known.names import HealthCheck, Record
from ansible_collections.hasite.aws.plugins.module_utils._doctor.known.network import Path as NetworkPath
from ansible_collections.hasite.aws.plugins.module_utils._doctor.known.rights import Policy, RolePolicies
from ansible_collections.hasite.aws.plugins.module_utils._doctor.known.shape import AwsShape, shape, shape_of_any
from ansible_collections.hasite.aws.plugins.module_utils._doctor.known.site import Details, Site
from ansible_collections.hasite.aws.plugins.module_utils._doctor.known.stores import LifecycleRule
from ansible_collections.hasite.aws.plugins.module_utils._doctor.known.visit import Visit
from ansible_collections.hasite.aws.plugins.module_utils._site import model
from botocore.session import Session

from tests.unit.plugins.healthy_site import healthy

READERS = Path(__file__).parents[4] / "plugins" / "module_utils"


def test_what_is_null_or_missing_has_the_default_and_other_keys_are_left_out() -> None:
    found = shape(Instance, {"instance_id": "i-1", "name": None, "image_id": "ami-1", "metadata_options": {}})
    assert found == Instance("i-1")
    assert shape(Instance, {}) == shape(Instance, None) == Instance()


def test_nulls_in_lists_and_dictionaries_are_not_there() -> None:
    assert shape(Instance, {"security_group_ids": [None, "sg-1"]}).security_group_ids == ("sg-1",)
    assert shape(Details, {"file_system_backups": {"fs-1": None, "fs-2": False}}).file_system_backups == {"fs-2": False}


def test_a_part_of_which_nothing_is_told_is_none_where_it_may_be() -> None:
    assert shape(NetworkPath, {"blocked_by": {}}).blocked_by is None
    assert shape(Details, {"error_objects": {"b/gone.html": {}}}).error_objects == {"b/gone.html": None}
    assert shape_of_any(Visit, {"page": None}) is None
    assert shape(HealthCheck, {"config": {}}).config.disabled is False


def test_lists_of_lists_and_dictionaries_of_lists_are_read_to_their_end() -> None:
    told = {"delegation": {"answers": [["ns-1."], ["ns-2.", "ns-3."]]}, "addresses": {"A": ["192.0.2.1"]}}
    found = shape(Visit, told)
    assert found.delegation.answers == (("ns-1.",), ("ns-2.", "ns-3."))
    assert found.addresses == {"A": ("192.0.2.1",)}


def test_numbers_are_numbers_though_they_came_as_text() -> None:
    assert shape(Record, {"ttl": "60", "weight": 0}) == Record(ttl=60, weight=0)


def test_aws_s_own_shapes_are_read_by_aws_s_own_names() -> None:
    statement = {"Sid": "x", "Effect": "Deny", "NotAction": "s3:*", "Resource": ["a", "b"], "Principal": {"AWS": "*"}}
    [found] = shape(Policy, {"Version": "2012-10-17", "Statement": statement}).statement
    assert (found.sid, found.not_action, found.resource, found.principal) == ("x", ("s3:*",), ("a", "b"), {"AWS": "*"})
    rule = shape(LifecycleRule, {"ID": "r", "Filter": {"And": {"Prefix": "p", "Tags": [{"Key": "k"}]}}})
    assert (rule.id, rule.filter.and_.prefix, len(rule.filter.and_.tags)) == ("r", "p", 1)
    assert shape(RolePolicies, {"own": {"p": {"Statement": []}}}).own == {"p": Policy()}


def kinds(kind: Any) -> Iterator[Any]:
    """Return all dataclasses that are parts of one, each once or more."""
    if is_dataclass(kind):
        yield kind
        for hint in get_type_hints(kind).values():
            yield from kinds(hint)
    for part in get_args(kind):
        yield from kinds(part)


KINDS = sorted({*kinds(Site), *kinds(Visit), *kinds(Machine), *kinds(LifecycleRule)}, key=lambda kind: str(kind))


@functools.cache
def told() -> frozenset[str]:
    """Return all keys that the modules' readers write, by themselves or as AWS's names in snake case."""
    written = {
        node.value
        for file in READERS.rglob("*.py")
        if not {"_doctor", "_audit"} & set(file.parts)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    written |= {field.name for kind in (model.Site, model.Network, model.Details) for field in fields(kind)}
    shapes = [
        shape_of_aws
        for service in ("ec2", "elbv2", "route53")
        for shape_of_aws in Session().get_service_model(service)._shape_resolver._shape_map.values()
    ]
    names = {member for found in shapes for member in found.get("members", {})}
    return frozenset({*written, *camel_dict_to_snake_dict(dict.fromkeys(names))})


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if not issubclass(kind, AwsShape)], ids=lambda kind: kind.__name__
)
def test_every_field_is_a_key_that_somebody_writes(kind: Any) -> None:
    assert {field.name for field in fields(kind)} - told() == set()


def test_every_part_of_a_healthy_site_is_known() -> None:
    tree = healthy()
    site = shape(Site, tree["site"])
    assert set(tree["site"]) - {field.name for field in fields(Site)} == set()
    assert set(tree["site"]["details"]) - {field.name for field in fields(Details)} == set()
    assert len(site.instances) == len(tree["site"]["instances"])
    assert all(getattr(site.instances[0], key) for key in ("instance_id", "name", "state", "ssm_ping_status"))
