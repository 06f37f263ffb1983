# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account has set for a region: who may share snapshots and images, what new machines' metadata want.

The lab keeps the settings and tells them; it has no other accounts with whom anything could be shared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.responses import EC2Response

from lab.api.moto.extension import adds, replaces
from lab.api.services.kms.kms import aws_managed_key

_DEFAULTS = {
    # https://docs.aws.amazon.com/ebs/latest/userguide/block-public-access-snapshots.html
    "snapshots": "unblocked",
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-public-access-to-amis.html: so since October 2023
    "images": "block-new-sharing",
}
_METADATA = {
    "HttpTokens": ("optional", "required", "no-preference"),
    "HttpEndpoint": ("disabled", "enabled", "no-preference"),
    "InstanceMetadataTags": ("disabled", "enabled", "no-preference"),
}
_HOPS = range(1, 65)
_ACCOUNT = re.compile(r"\d{12}\Z")


def extend() -> None:
    """Add the settings, and heed whose snapshots are asked for."""
    _extend_sharing()
    _extend_metadata()
    _extend_volumes()

    @adds(EC2Response, "describe_client_vpn_endpoints")
    def describe_client_vpn_endpoints(self: Any) -> ActionResult:
        # Nobody can make one here: CreateClientVpnEndpoint is refused.
        self.error_on_dryrun()
        return ActionResult({"ClientVpnEndpoints": []})


def _settings(backend: Any) -> dict[str, Any]:
    """Return what the account has set in the backend's region."""
    kept: dict[str, Any] = backend.__dict__.setdefault("account_settings", {**_DEFAULTS, "metadata": {}})
    return kept


def _one_of(key: str, value: Any, *allowed: str) -> str:
    if value not in allowed:
        raise EC2ClientError("InvalidParameterValue", f"Value ({value}) for parameter {key} is invalid.")
    return str(value)


def _extend_sharing() -> None:
    @adds(EC2Response, "get_snapshot_block_public_access_state")
    def get_snapshots(self: Any) -> ActionResult:
        self.error_on_dryrun()
        return ActionResult({"State": _settings(self.ec2_backend)["snapshots"], "ManagedBy": "account"})

    @adds(EC2Response, "enable_snapshot_block_public_access")
    def enable_snapshots(self: Any) -> ActionResult:
        self.error_on_dryrun()
        state = _one_of("State", self._get_param("State"), "block-all-sharing", "block-new-sharing")
        _settings(self.ec2_backend)["snapshots"] = state
        return ActionResult({"State": state})

    @adds(EC2Response, "disable_snapshot_block_public_access")
    def disable_snapshots(self: Any) -> ActionResult:
        self.error_on_dryrun()
        _settings(self.ec2_backend)["snapshots"] = "unblocked"
        return ActionResult({"State": "unblocked"})

    @adds(EC2Response, "get_image_block_public_access_state")
    def get_images(self: Any) -> ActionResult:
        self.error_on_dryrun()
        state = _settings(self.ec2_backend)["images"]
        return ActionResult({"ImageBlockPublicAccessState": state, "ManagedBy": "account"})

    @adds(EC2Response, "enable_image_block_public_access")
    def enable_images(self: Any) -> ActionResult:
        self.error_on_dryrun()
        wanted = self._get_param("ImageBlockPublicAccessState")
        _settings(self.ec2_backend)["images"] = _one_of("ImageBlockPublicAccessState", wanted, "block-new-sharing")
        return ActionResult({"ImageBlockPublicAccessState": "block-new-sharing"})

    @adds(EC2Response, "disable_image_block_public_access")
    def disable_images(self: Any) -> ActionResult:
        self.error_on_dryrun()
        _settings(self.ec2_backend)["images"] = "unblocked"
        return ActionResult({"ImageBlockPublicAccessState": "unblocked"})


def _extend_metadata() -> None:
    @adds(EC2Response, "get_instance_metadata_defaults")
    def get_metadata(self: Any) -> ActionResult:
        self.error_on_dryrun()
        return ActionResult({"AccountLevel": {**_settings(self.ec2_backend)["metadata"], "ManagedBy": "account"}})

    @adds(EC2Response, "modify_instance_metadata_defaults")
    def modify_metadata(self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceMetadataDefaults.html."""
        self.error_on_dryrun()
        kept = _settings(self.ec2_backend)["metadata"]
        for key, allowed in _METADATA.items():
            if (value := self._get_param(key)) is not None:
                kept.pop(key, None)
                if _one_of(key, value, *allowed) != "no-preference":
                    kept[key] = value
        if (hops := self._get_int_param("HttpPutResponseHopLimit")) is not None:
            kept.pop("HttpPutResponseHopLimit", None)
            if hops != -1:
                _one_of("HttpPutResponseHopLimit", hops, *_HOPS)
                kept["HttpPutResponseHopLimit"] = hops
        return ActionResult({"Return": True})


def _extend_volumes() -> None:
    @adds(EC2Response, "get_ebs_default_kms_key_id")
    def get_key(self: Any) -> ActionResult:
        self.error_on_dryrun()
        return ActionResult({"KmsKeyId": getattr(self.ec2_backend, "default_kms_key_id", "") or "alias/aws/ebs"})

    @replaces(EC2Response, "describe_snapshots")
    def describe_snapshots(original: Callable[..., Any], self: Any) -> Any:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html (Owner.N)."""
        owners = self._get_param("OwnerIds", []) or []
        wanted = {self.current_account if owner == "self" else owner for owner in owners}
        for owner in wanted - {"amazon"}:
            if not _ACCOUNT.match(owner):
                raise EC2ClientError("InvalidUserID.Malformed", f'Invalid user id: "{owner}"')
        found = original(self)
        if owners:
            kept = [snapshot for snapshot in found.result["Snapshots"] if snapshot.owner_id in wanted]
            return ActionResult({**found.result, "Snapshots": kept})
        return found

    @replaces(EBSBackend, "_create_default_encryption_key")
    def create_key(_original: Callable[..., Any], self: Any) -> str:
        self.default_kms_key_id = aws_managed_key(self.account_id, self.region_name, "ebs", "EBS volumes").arn
        return str(self.default_kms_key_id)
