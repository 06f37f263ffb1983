# SPDX-License-Identifier: GPL-3.0-or-later
"""The credentials that a machine gets for its profile's role: STS knows them, so services can tell whose they are."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lab.base.backends import Backends
from lab.world.access.permissions import AccessRequest, Principal, decide
from lab.world.machines.metadata import Profile

_SECONDS = 6 * 3600
_MARGIN = 15 * 60
"""AWS has new ones ready at least five minutes before the old ones expire."""
_EC2 = Principal(service="ec2.amazonaws.com")
Now = Callable[[], datetime.datetime]


def _utc() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def profile_of(instance: Any) -> Profile | None:
    """Return the profile that an instance has now."""
    association = instance.ec2_backend.iam_instance_profile_associations.get(instance.id)
    if association is None:
        return None
    profile = association.iam_instance_profile
    return Profile(profile.arn, profile.id, profile.roles[0].name if profile.roles else "")


@dataclass
class RoleCredentials:
    """Hands out each instance's current credentials; the machines' clock is the real one, so this one is too."""

    backends: Backends
    now: Now = _utc
    _current: dict[tuple[str, str], Any] = field(default_factory=dict)

    def document(self, instance: Any, role_name: str) -> str:
        """Return what the metadata service answers for a role of the instance's profile; under the API's lock."""
        role = self.backends.at("iam", "aws").get_role(role_name)
        updated = f"{self.now():%Y-%m-%dT%H:%M:%SZ}"
        trust = json.loads(role.assume_role_policy_document)
        if decide(trust, AccessRequest("sts:AssumeRole", principal=_EC2), of_resource=True) != "allow":
            refusal = {
                "Code": "AssumeRoleUnauthorizedAccess",
                "Message": f"EC2 cannot assume the role {role_name}. Its trust policy must name ec2.amazonaws.com.",
                "LastUpdated": updated,
            }
            return json.dumps(refusal, indent=2)
        assumed = self._assumed(instance, role)
        return json.dumps(
            {
                "Code": "Success",
                "LastUpdated": updated,
                "Type": "AWS-HMAC",
                "AccessKeyId": assumed.access_key_id,
                "SecretAccessKey": assumed.secret_access_key,
                "Token": assumed.session_token,
                "Expiration": f"{assumed.expiration:%Y-%m-%dT%H:%M:%SZ}",
            },
            indent=2,
        )

    def _assumed(self, instance: Any, role: Any) -> Any:
        known = self._current.get((instance.id, role.id))
        if known is None or self._left(known) < _MARGIN:
            sts = self.backends.at("sts", "aws")
            sts.assumed_roles[:] = [assumed for assumed in sts.assumed_roles if self._left(assumed) > 0]
            known = sts.assume_role(
                region_name=instance.ec2_backend.region_name,
                role_session_name=instance.id,
                role_arn=role.arn,
                policy="",
                duration=_SECONDS,
                external_id="",
            )
            self._current[instance.id, role.id] = known
        return known

    def _left(self, assumed: Any) -> float:
        expires = assumed.expiration
        if expires.tzinfo is None:
            expires = expires.replace(tzinfo=datetime.UTC)
        return float((expires - self.now()).total_seconds())
