# SPDX-License-Identifier: GPL-3.0-or-later
"""RunInstances: what AWS refuses, and the defaults that it fills in.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.iam_instance_profile import IamInstanceProfileAssociationBackend
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import filter_iam_instance_profiles
from moto.iam.exceptions import NotFoundException

from lab.api.moto.extension import replaces
from lab.api.services.account import service_quotas
from lab.api.services.ec2 import instance_options, placement_groups
from lab.api.services.ec2.amis import ROOT_SIZE
from lab.context import Context

_ROOT = {"VolumeSize": ROOT_SIZE, "VolumeType": "gp3", "DeleteOnTermination": True}


def extend(context: Context) -> None:
    """Check every launch, wherever it comes from."""
    _extend_call(context)
    _extend_mappings()
    _extend_launch(context)
    _extend_profiles(context)


def _extend_call(context: Context) -> None:
    @replaces(InstanceResponse, "run_instances")
    def run_instances(original: Callable[..., Any], self: Any) -> Any:
        token = self._get_param("ClientToken")
        wanted = json.dumps(dict(self.params), sort_keys=True, default=str)
        launched = self.ec2_backend.__dict__.setdefault("launches_by_token", {})
        if token in launched:
            before, reservation = launched[token]
            if before != wanted:
                raise EC2ClientError(
                    "IdempotentParameterMismatch",
                    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
                )
            return ActionResult(reservation)
        profile = self._get_param("IamInstanceProfile") or {}
        _check_profile(context, self.current_account, self.partition, profile.get("Name"), profile.get("Arn"))
        if group := _group(self):
            placement_groups.refuse(self.ec2_backend, group, _zone(self), self._get_int_param("MaxCount") or 1)
        # AWS launches as many as it can, and the lab always can.
        self.params["MinCount"] = self._get_param("MaxCount") or self._get_param("MinCount")
        answer = original(self)
        reservation = answer.result
        for instance in reservation.instances[1:]:
            if profile:
                self.ec2_backend.associate_iam_instance_profile(
                    instance_id=instance.id,
                    iam_instance_profile_name=profile.get("Name"),
                    iam_instance_profile_arn=profile.get("Arn"),
                )
        _set_options(self, reservation.instances)
        if token:
            launched[token] = wanted, reservation
        return answer


def _group(response: Any) -> str:
    return str((response._get_param("Placement") or {}).get("GroupName") or "")


def _set_options(response: Any, instances: list[Any]) -> None:
    """Set what moto does not take from a launch."""
    credit = (response._get_param("CreditSpecification") or {}).get("CpuCredits")
    for instance in instances:
        instance.placement.group_name = _group(response)
        if credit:
            instance_options.set_credits(instance, credit)


def _zone(response: Any) -> str | None:
    """Return the zone that a launch names, by its subnet or by itself."""
    interfaces = response._get_param("NetworkInterfaces", []) or [{}]
    if subnet_id := response._get_param("SubnetId") or interfaces[0].get("SubnetId"):
        return str(response.ec2_backend.get_subnet(subnet_id).availability_zone)
    return (response._get_param("Placement") or {}).get("AvailabilityZone")


def _extend_mappings() -> None:
    @replaces(InstanceResponse, "_parse_block_device_mapping")
    def parse(original: Callable[..., Any], self: Any) -> Any:
        # What a launch does not say of the root volume, the image does.
        image = self.ec2_backend.amis.get(self._get_param("ImageId"))
        for mapping in self._get_param("BlockDeviceMappings", []):
            if image and mapping.get("DeviceName") == image.root_device_name:
                mapping["Ebs"] = {**_ROOT, **mapping.get("Ebs", {})}
        return original(self)


def _check_profile(context: Context, account: str, partition: str, name: str | None, arn: str | None) -> None:
    if not (name or arn):
        return
    try:
        found = filter_iam_instance_profiles(
            account, partition, iam_instance_profile_arn=arn, iam_instance_profile_name=name
        )
        if context.waits.pending(found.arn):
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html (eventually consistent)
            raise NotFoundException("EC2 does not see the profile yet.")
    except NotFoundException:
        field, value, kind = ("name", name, "name") if name else ("arn", arn, "ARN")
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({value}) for parameter iamInstanceProfile.{field} is invalid. Invalid IAM Instance Profile {kind}",
        ) from None


def _extend_launch(context: Context) -> None:
    @replaces(InstanceBackend, "run_instances")
    def run_instances(
        original: Callable[..., Any],
        self: Any,
        image_id: str,
        count: int,
        user_data: Any,
        security_group_names: list[str],
        **wanted: Any,
    ) -> Any:
        template = self._get_template_from_args(wanted["launch_template"]).data if wanted.get("launch_template") else {}
        image = _check_image(self, image_id or template.get("ImageId"))
        kind = _check_type(self, image, wanted, template)
        service_quotas.check_vcpus(self, kind, count)
        _check_network(self, wanted, template)
        wanted["block_device_mappings"] = _volumes(
            image, wanted.get("block_device_mappings") or template.get("BlockDeviceMappings") or []
        )
        wanted["metadata_options"] = {
            **_metadata_defaults(image),
            **(template.get("MetadataOptions") or {}),
            **(wanted.get("metadata_options") or {}),
        }
        for interface in wanted.get("nics") or []:
            if "NetworkInterfaceId" not in interface:
                interface.setdefault("DeleteOnTermination", True)
        reservation = original(self, image_id, count, user_data, security_group_names, **wanted)
        for instance in reservation.instances:
            _begin(context, instance, wanted)
        return reservation


def _begin(context: Context, instance: Any, wanted: dict[str, Any]) -> None:
    """Begin an instance that moto made running as pending; its machine's supervisor says when it runs."""
    instance._state.name, instance._state.code = "pending", 0
    instance.hypervisor = "xen"
    if not wanted.get("nics"):
        instance.nics[0].delete_on_termination = True
    profile = wanted.get("iam_instance_profile_arn") or wanted.get("iam_instance_profile_name") or ""
    label = next((tag["value"] for tag in instance.get_tags() if tag["key"] == "Name"), "")
    context.waits.begin("instance", instance.id, label=label, withholds=[instance.id], needs=[profile])


def _check_image(backend: Any, image_id: str | None) -> Any:
    if not image_id:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter ImageId")
    # Refuses with InvalidAMIID.Malformed or InvalidAMIID.NotFound.
    return backend.describe_images(ami_ids=[image_id])[0]


def _check_type(backend: Any, image: Any, wanted: dict[str, Any], template: dict[str, Any]) -> str:
    if wanted.get("is_instance_type_default"):
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html: the default is m1.small.
        name = template.get("InstanceType") or wanted["instance_type"]
    else:
        name = wanted["instance_type"]
    kind = INSTANCE_TYPES.get(name)
    if kind is None:
        raise EC2ClientError("InvalidParameterValue", f"Invalid value '{name}' for InstanceType.")
    architectures = kind["ProcessorInfo"]["SupportedArchitectures"]
    if image.architecture not in architectures:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"The architecture '{','.join(architectures)}' of the specified instance type does not match the "
            f"architecture '{image.architecture}' of the specified AMI. Specify an instance type and an AMI that have "
            "matching architectures, and try again.",
        )
    _check_offered(backend, name, wanted)
    return str(name)


def _check_offered(backend: Any, name: str, wanted: dict[str, Any]) -> None:
    zone = wanted.get("placement")
    if subnet_id := _subnet_id(wanted):
        zone = backend.get_subnet(subnet_id).availability_zone
    offered = {
        offer["Location"]
        for offer in INSTANCE_TYPE_OFFERINGS["availability-zone"].get(backend.region_name, [])
        if offer["InstanceType"] == name
    }
    if zone and zone not in offered:
        raise EC2ClientError(
            "Unsupported",
            f"Your requested instance type ({name}) is not supported in your requested Availability Zone ({zone}). "
            f"Please retry your request by not specifying an Availability Zone or choosing "
            f"{', '.join(sorted(offered))}.",
        )


def _subnet_id(wanted: dict[str, Any]) -> str | None:
    named = [interface["SubnetId"] for interface in wanted.get("nics") or [] if interface.get("SubnetId")]
    return wanted.get("subnet_id") or next(iter(named), None)


def _check_network(backend: Any, wanted: dict[str, Any], template: dict[str, Any]) -> None:
    subnet_id = _subnet_id(wanted)
    if not subnet_id:
        return
    # Refuses with InvalidSubnetID.NotFound.
    subnet = backend.get_subnet(subnet_id)
    ids = [*(wanted.get("security_group_ids") or template.get("SecurityGroupIds") or [])]
    for interface in wanted.get("nics") or []:
        ids += interface.get("Groups") or []
    for group_id in (id_ for id_ in ids if isinstance(id_, str)):
        group = backend.get_security_group_from_id(group_id)
        if group is None:
            raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
        if group.vpc_id != subnet.vpc_id:
            raise EC2ClientError(
                "InvalidParameter", f"Security group {group_id} and subnet {subnet_id} belong to different networks."
            )


def _metadata_defaults(image: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html ."""
    if getattr(image, "imds_support", None) == "v2.0":
        return {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}
    return {}


def _volumes(image: Any, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the image's root volume and what a launch says of it, and the launch's other volumes."""
    root = image.root_device_name
    given = {
        mapping["DeviceName"]: {k: v for k, v in (mapping.get("Ebs") or {}).items() if v is not None}
        for mapping in wanted
    }
    return [
        {"DeviceName": root, "Ebs": {**_ROOT, **given.get(root, {})}},
        *(mapping for mapping in wanted if mapping["DeviceName"] != root),
    ]


def _extend_profiles(context: Context) -> None:
    for name in ("associate_iam_instance_profile", "replace_iam_instance_profile_association"):
        _extend_profile_call(context, name)


def _extend_profile_call(context: Context, name: str) -> None:
    @replaces(IamInstanceProfileAssociationBackend, name)
    def call(original: Callable[..., Any], self: Any, *given: Any, **wanted: Any) -> Any:
        profile, arn = wanted.get("iam_instance_profile_name"), wanted.get("iam_instance_profile_arn")
        _check_profile(context, self.account_id, self.partition, profile, arn)
        association = original(self, *given, **wanted)
        # moto describes an instance's profile by the association's id, and forgets to when it is replaced.
        association.instance.iam_instance_profile = {
            "Arn": association.iam_instance_profile.arn,
            "Id": association.iam_instance_profile.id,
        }
        return association
