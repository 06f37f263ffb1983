# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: as whom the machines act, and how they learn it (stumbling block 1)."""

from __future__ import annotations

from collections.abc import Iterator

from .access import out_of_reach
from .evidence import Evidence, Resource
from .finding import CRITICAL, PROVISION, WARNING, Area, Case, Kind, Where
from .places import called, machine, only

AREA = Area("access")
NO_CREDENTIALS = ("machine-unreachable", "registered-late", "agent-stopped", "machine-silent")
LATER = "What it was given goes on for some hours; then Session Manager, releases and secrets are gone."


def web_roles(evidence: Evidence) -> list[Resource]:
    """Return the machines' role, if it was found."""
    return [one for one in evidence.listed("roles") if str(one.get("role_name")).endswith("-web")]


def profile_name(one: Resource) -> str:
    """Return the name of a machine's instance profile, empty if it has none."""
    return str(one.get("iam_instance_profile_arn") or "").rpartition("/")[2]


def severity(evidence: Evidence, concerned: list[Resource]) -> str | None:
    """Return a warning where Session Manager still reaches all machines concerned."""
    lost = {one.get("instance_id") for one in out_of_reach(evidence)}
    return None if any(one.get("instance_id") in lost for one in concerned) else WARNING


@AREA.rule(
    Kind(
        "profile-replaced",
        CRITICAL,
        f"The machine acts as another role than the site's, which may do what the roles let it do. {LATER}",
        f"Associate the instance profile NAME-web with it: {PROVISION}",
        NO_CREDENTIALS,
    ),
    "ec2: instances",
    "iam: roles",
)
def profile_replaced(evidence: Evidence) -> Iterator[Case]:
    """A machine has another instance profile than the site's."""
    # A profile without its role is no longer found by that role.
    own = {
        str(name) for role in web_roles(evidence) for name in [role["role_name"], *role.get("instance_profiles", [])]
    }
    for one in evidence.listed("instances") if own else []:
        name = profile_name(one)
        if name and name not in own:
            what = f"{called(one)} has the instance profile {name} instead of {' or '.join(sorted(own))}."
            proof = f"iam_instance_profile_arn={one['iam_instance_profile_arn']}"
            yield Case(what, machine(one), proof, only(one), severity=severity(evidence, [one]))


@AREA.rule(
    Kind(
        "role-not-in-profile",
        CRITICAL,
        f"An instance profile without its role gives the machines no credentials. {LATER}",
        "Call: aws iam add-role-to-instance-profile --instance-profile-name NAME --role-name NAME",
        NO_CREDENTIALS,
    ),
    "ec2: instances",
    "iam: roles",
)
def role_not_in_profile(evidence: Evidence) -> Iterator[Case]:
    """The machines' instance profile does not hold their role."""
    for role in web_roles(evidence):
        name = str(role["role_name"])
        concerned = [one for one in evidence.listed("instances") if profile_name(one) == name]
        if "instance_profiles" in role and concerned and name not in role["instance_profiles"]:
            yield Case(
                f"The instance profile {name} does not hold the role {name}.",
                Where("instance profile", name),
                f"the role's instance profiles: {', '.join(role['instance_profiles']) or 'none'}",
                cure=f"Call: aws iam add-role-to-instance-profile --instance-profile-name {name} --role-name {name}",
                severity=severity(evidence, concerned),
            )


@AREA.rule(
    Kind(
        "metadata-off",
        CRITICAL,
        f"A machine learns its credentials from its metadata. {LATER}",
        "Call: aws ec2 modify-instance-metadata-options --instance-id ID --http-endpoint enabled --http-tokens "
        "required",
        NO_CREDENTIALS,
    ),
    "ec2: instances",
)
def metadata_off(evidence: Evidence) -> Iterator[Case]:
    """A machine's metadata service is switched off."""
    for one in evidence.listed("instances"):
        if (one.get("metadata_options") or {}).get("http_endpoint") == "disabled":
            yield Case(
                f"The metadata service of {called(one)} is switched off.",
                machine(one),
                "HttpEndpoint=disabled",
                only(one),
                cure=f"Call: aws ec2 modify-instance-metadata-options --instance-id {one.get('instance_id')} "
                "--http-endpoint enabled --http-tokens required",
                severity=severity(evidence, [one]),
            )


@AREA.rule(
    Kind(
        "web-group-detached",
        CRITICAL,
        "The rules that let the load balancer in, and the machine out to the share, are those of its group.",
        f"Give it the group back: {PROVISION}",
        (
            *("balancer-not-admitted", "balancer-way-blocked", "nfs-ingress-closed", "nfs-egress-closed"),
            *("mount-way-blocked", "egress-443-closed", "share-not-mounted", "target-unhealthy", "machine-unreachable"),
            *("health-page-500", "health-page-hangs"),
        ),
    ),
    "ec2: instances",
    "ec2: security groups",
)
def web_group_detached(evidence: Evidence) -> Iterator[Case]:
    """A machine has not the security group of the machines."""
    own = {str(one.get("group_id")): str(one.get("group_name")) for one in evidence.groups_of("web")}
    for one in evidence.listed("instances") if own else []:
        groups = one.get("security_group_ids")
        if isinstance(groups, list) and not set(own) & set(map(str, groups)):
            what = f"{called(one)} has not the security group {' or '.join(sorted(own.values()))}."
            yield Case(what, machine(one), f"security_group_ids: {', '.join(map(str, groups)) or 'none'}", only(one))
