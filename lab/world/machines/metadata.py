# SPDX-License-Identifier: GPL-3.0-or-later
"""What the instance metadata service has to tell an instance. Pure.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSION = "latest"


@dataclass(frozen=True)
class Options:
    """How an instance's metadata service is to behave."""

    enabled: bool
    token_required: bool
    hop_limit: int


@dataclass(frozen=True)
class Profile:
    """An instance's profile, and the role in it if there is one."""

    arn: str
    id: str
    role: str


def options(instance: Any) -> Options:
    """Return the metadata options of one of moto's instances."""
    said = instance.metadata_options
    return Options(said.http_endpoint == "enabled", said.http_tokens == "required", said.http_put_response_hop_limit)


def tree(instance: Any, account: str, profile: Profile | None, now: str) -> dict[str, str]:
    """Return every document but the role's credentials, by its path below `/latest/`."""
    interface = instance.nics[0]
    mac = interface.mac_address
    zone = instance.placement.zone
    documents = {
        "meta-data/ami-id": instance.image_id,
        "meta-data/ami-launch-index": str(instance.ami_launch_index),
        "meta-data/hostname": instance.private_dns_name,
        "meta-data/instance-action": "none",
        "meta-data/instance-id": instance.id,
        "meta-data/instance-life-cycle": "on-demand",
        "meta-data/instance-type": instance.instance_type,
        "meta-data/local-hostname": instance.private_dns_name,
        "meta-data/local-ipv4": interface.private_ip_address,
        "meta-data/mac": mac,
        "meta-data/placement/availability-zone": zone,
        "meta-data/placement/region": instance.ec2_backend.region_name,
        "meta-data/security-groups": "\n".join(sorted(group.name for group in interface.group_set)),
        "meta-data/services/domain": "amazonaws.com",
        "meta-data/services/partition": "aws",
        "dynamic/instance-identity/document": _identity(instance, account),
    }
    if interface.public_ip:
        documents["meta-data/public-ipv4"] = interface.public_ip
    documents |= _interface(interface, account)
    if instance.user_data:
        documents["user-data"] = _decoded(instance.user_data)
    if instance.metadata_options.instance_metadata_tags == "enabled":
        documents |= {f"meta-data/tags/instance/{tag['key']}": tag["value"] for tag in instance.get_tags()}
    if profile:
        info = {"InstanceProfileArn": profile.arn, "InstanceProfileId": profile.id}
        info = {"Code": "Success", "LastUpdated": now, **info}
        documents["meta-data/iam/info"] = json.dumps(info, indent=2)
    return documents


def _interface(interface: Any, account: str) -> dict[str, str]:
    vpc = interface.ec2_backend.get_vpc(interface.subnet.vpc_id)
    base = f"meta-data/network/interfaces/macs/{interface.mac_address}"
    return {
        f"{base}/device-number": "0",
        f"{base}/interface-id": interface.id,
        f"{base}/local-ipv4s": interface.private_ip_address,
        f"{base}/mac": interface.mac_address,
        f"{base}/owner-id": account,
        f"{base}/security-group-ids": "\n".join(sorted(group.id for group in interface.group_set)),
        f"{base}/subnet-id": interface.subnet.id,
        f"{base}/subnet-ipv4-cidr-block": interface.subnet.cidr_block,
        f"{base}/vpc-id": vpc.id,
        f"{base}/vpc-ipv4-cidr-block": vpc.cidr_block,
    }


def _identity(instance: Any, account: str) -> str:
    document = {
        "accountId": account,
        "architecture": instance.architecture,
        "availabilityZone": instance.placement.zone,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.instance_type,
        "pendingTime": instance.launch_time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "privateIp": instance.nics[0].private_ip_address,
        "region": instance.ec2_backend.region_name,
        "version": "2017-09-30",
    }
    return json.dumps(document, indent=2)


def _decoded(user_data: Any) -> str:
    return base64.b64decode(str(user_data)).decode(errors="surrogateescape")


def look_up(documents: Mapping[str, str], path: str) -> str | None:
    """Return the document at a path below `/latest/`, or the list of what a folder holds."""
    path = path.strip("/")
    if path in documents:
        return documents[path]
    below = [name[len(path) + 1 :] for name in documents if name.startswith(f"{path}/")] if path else list(documents)
    entries = {name.partition("/")[0] + ("/" if "/" in name else "") for name in below}
    return "\n".join(sorted(entries)) if entries else None
