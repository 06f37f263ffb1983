# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Subnets cut off by a network ACL without entries, and put back behind the one that they had.

AWS's own fault injection does it so: https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html
(`aws:network:disrupt-connectivity`). A network ACL denies what it does not allow, and keeps no state, so connections
that are there end, too: https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html

Each subnet bears a tag with the ACL that it goes back to. The tag is there before the subnet is cut off, and goes after
it is back, so whoever comes next can put it back, whenever the one who cut it off was killed.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from ._aws import UNKNOWN, ChangeResult, aws_call, failure, pages, tag_dict, tag_list
from ._resource import Resource

LAST_RULE = 32767
"""The number of the entry that AWS itself adds, and that denies all:
https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html"""


@dataclass(frozen=True)
class Acl:
    """A network ACL."""

    id: str
    tags: Mapping[str, str]
    associations: Mapping[str, str]
    """The association's id by its subnet's."""
    has_entries: bool


@dataclass(frozen=True)
class Network:
    """The subnets that are meant, with the network ACLs of their VPC."""

    vpc_id: str
    tags: Mapping[str, Mapping[str, str]]
    """Each subnet's."""
    acls: Sequence[Acl]
    mark: str

    @property
    def isolating(self) -> Acl | None:
        """Return the network ACL that lets nothing pass, if it has been made."""
        return next((acl for acl in self.acls if self.mark in acl.tags), None)

    def current(self, subnet: str) -> Acl:
        """Return the network ACL of a subnet."""
        return next(acl for acl in self.acls if subnet in acl.associations)

    def is_isolated(self, subnet: str) -> bool:
        """Tell whether a subnet is cut off."""
        return self.isolating is not None and subnet in self.isolating.associations

    def original(self, subnet: str) -> str:
        """Return the network ACL that a subnet goes back to, nothing if it has not been cut off."""
        return self.tags[subnet].get(self.mark, "")

    def shown(self) -> Resource:
        """Return the network the way the module returns it."""
        rows = [row(subnet, self.current(subnet).id, self.original(subnet)) for subnet in self.tags]
        return {"network_acl_id": self.isolating.id if self.isolating else "", "subnets": rows}


def row(subnet: str, acl: str, original: str) -> Resource:
    """Return a subnet the way the module returns it."""
    return {"subnet_id": subnet, "network_acl_id": acl, "original_network_acl_id": original}


# ---- reading


@aws_call("describe the subnets {subnet_ids}")
def _subnets(client: t.Any, subnet_ids: Sequence[str]) -> list[Resource]:
    return t.cast("list[Resource]", pages(client, "describe_subnets", SubnetIds=list(subnet_ids))["Subnets"])


@aws_call("describe the network ACLs of {vpc_id}")
def _acls(client: t.Any, vpc_id: str) -> list[Resource]:
    inside = [{"Name": "vpc-id", "Values": [vpc_id]}]
    return t.cast("list[Resource]", pages(client, "describe_network_acls", Filters=inside)["NetworkAcls"])


def read(client: t.Any, subnet_ids: Sequence[str], mark: str) -> Network:
    """Return the subnets and the network ACLs of their VPC."""
    subnets = _subnets(client, subnet_ids)
    vpcs = sorted({subnet["VpcId"] for subnet in subnets})
    if len(vpcs) != 1:
        raise failure(f"The subnets are in {' and '.join(vpcs)}; name those of one VPC.")
    tags = {subnet["SubnetId"]: tag_dict(subnet.get("Tags")) for subnet in subnets}
    return Network(vpcs[0], tags, [_acl(raw) for raw in _acls(client, vpcs[0])], mark)


def _acl(raw: Mapping[str, t.Any]) -> Acl:
    return Acl(
        raw["NetworkAclId"],
        tag_dict(raw.get("Tags")),
        {association["SubnetId"]: association["NetworkAclAssociationId"] for association in raw["Associations"]},
        any(entry["RuleNumber"] < LAST_RULE for entry in raw["Entries"]),
    )


# ---- writing


@aws_call("create a network ACL in {vpc_id}")
def _create(client: t.Any, vpc_id: str, tags: Mapping[str, str]) -> str:
    specified = [{"ResourceType": "network-acl", "Tags": tag_list(tags)}]
    return str(client.create_network_acl(VpcId=vpc_id, TagSpecifications=specified)["NetworkAcl"]["NetworkAclId"])


@aws_call("note at the subnet {subnet} that its network ACL is {acl}")
def _note(client: t.Any, subnet: str, mark: str, acl: str) -> None:
    client.create_tags(Resources=[subnet], Tags=tag_list({mark: acl}))


@aws_call("take the tag {mark} off the subnet {subnet}")
def _forget(client: t.Any, subnet: str, mark: str) -> None:
    client.delete_tags(Resources=[subnet], Tags=[{"Key": mark}])


@aws_call("replace the association {association} by one with the network ACL {acl}")
# A network ACL that was made a moment ago is not yet known everywhere.
@AWSRetry.jittered_backoff(catch_extra_error_codes=["InvalidNetworkAclID.NotFound"])  # type: ignore[untyped-decorator]
def _associate(client: t.Any, association: str, acl: str) -> None:
    client.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)


@aws_call("delete the network ACL {acl}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["DependencyViolation"])  # type: ignore[untyped-decorator]
def _delete(client: t.Any, acl: str) -> None:
    client.delete_network_acl(NetworkAclId=acl)


# ---- the whole


def ensure_present(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Have the subnets cut off."""
    network = read(client, params["subnet_ids"], params["mark"])
    acl = network.isolating
    if acl and acl.has_entries:
        raise failure(
            f"The network ACL {acl.id} bears the tag {network.mark} and has entries, so it may let something pass. "
            "Delete its entries, or take the tag off it."
        )
    _refuse_lost(network, _lost(network))
    before = network.shown()
    wanted = [subnet for subnet in network.tags if not network.is_isolated(subnet)]
    if not wanted:
        return ChangeResult(False, before, before)
    acl_id = acl.id if acl else UNKNOWN
    if not check_mode:
        acl_id = acl.id if acl else _create(client, network.vpc_id, {**(params["tags"] or {}), network.mark: "deny"})
        for subnet in wanted:
            _note(client, subnet, network.mark, network.current(subnet).id)
        # Only now, and one right after the other: a zone fails at once.
        for subnet in wanted:
            _associate(client, network.current(subnet).associations[subnet], acl_id)
    rows = [
        row(subnet, acl_id, network.current(subnet).id if subnet in wanted else network.original(subnet))
        for subnet in network.tags
    ]
    return ChangeResult(True, before, {"network_acl_id": acl_id, "subnets": rows})


def ensure_absent(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Have the subnets where they were before they were cut off; where others have put one since, it stays."""
    network = read(client, params["subnet_ids"], params["mark"])
    before, acl = network.shown(), network.isolating
    lost = _lost(network)
    marked = [subnet for subnet in network.tags if network.original(subnet) and subnet not in lost]
    others = set(acl.associations) - set(marked) if acl else set()
    needless = acl is not None and not others
    if not check_mode:
        for subnet in marked:
            if acl and network.is_isolated(subnet):
                _associate(client, acl.associations[subnet], network.original(subnet))
            _forget(client, subnet, network.mark)
        if acl and needless:
            _delete(client, acl.id)
    _refuse_lost(network, lost)
    rows = [
        row(subnet, network.original(subnet) if network.is_isolated(subnet) else network.current(subnet).id, "")
        for subnet in network.tags
    ]
    kept = acl.id if acl and not needless else ""
    return ChangeResult(bool(marked) or needless, before, {"network_acl_id": kept, "subnets": rows})


def _lost(network: Network) -> list[str]:
    """Return the subnets that are cut off, and of which nobody knows where they were, or no longer can be."""
    known = {acl.id for acl in network.acls}
    return [subnet for subnet in network.tags if network.is_isolated(subnet) and network.original(subnet) not in known]


def _refuse_lost(network: Network, lost: Iterable[str]) -> None:
    for subnet in lost:
        told = network.original(subnet)
        why = f"its network ACL {told} is gone" if told else f"its tag {network.mark} with its network ACL is gone"
        raise failure(
            f"The subnet {subnet} is cut off, and {why}. Associate it with another network ACL "
            "(ec2 replace-network-acl-association), and run this again."
        )
