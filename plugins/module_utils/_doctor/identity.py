# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: as whom the machines act, and how they learn it (stumbling block 1)."""

from __future__ import annotations

from collections.abc import Iterator

from . import policies
from .access import out_of_reach
from .evidence import Evidence
from .finding import CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .known.machines import Instance
from .known.rights import RolePolicies
from .places import display_name, on

AREA = Area("access")
NO_CREDENTIALS = ("machine-unreachable", "registered-late", "agent-stopped", "machine-silent")
LATER = "What it was given goes on for some hours; then Session Manager, releases and secrets are gone."


def profile_name(instance: Instance) -> str:
    """Return the name of a machine's instance profile, empty if it has none."""
    return instance.iam_instance_profile_arn.rpartition("/")[2]


def severity(evidence: Evidence, concerned: list[Instance]) -> str | None:
    """Return a warning where Session Manager still reaches all machines concerned."""
    lost = {instance.instance_id for instance in out_of_reach(evidence)}
    return None if any(instance.instance_id in lost for instance in concerned) else WARNING


@AREA.rule(
    RuleInfo(
        "profile-replaced",
        CRITICAL,
        f"The machine acts as another role than the site's, which may do what the roles let it do. {LATER}",
        f"Associate the instance profile NAME-web with it: {PROVISION}",
        NO_CREDENTIALS,
    ),
    "ec2: instances",
    "iam: roles",
)
def profile_replaced(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine has another instance profile than the site's."""
    # A profile without its role is no longer found by that role.
    own = {name for role in evidence.web_roles for name in (role.role_name, *(role.instance_profiles or ()))}
    for instance in evidence.site.instances if own else []:
        name = profile_name(instance)
        if name and name not in own:
            what = f"{display_name(instance)} has the instance profile {name} instead of {' or '.join(sorted(own))}."
            proof = f"iam_instance_profile_arn={instance.iam_instance_profile_arn}"
            yield on(instance, what, proof, severity=severity(evidence, [instance]))


@AREA.rule(
    RuleInfo(
        "role-not-in-profile",
        CRITICAL,
        f"An instance profile without its role gives the machines no credentials. {LATER}",
        "Call: aws iam add-role-to-instance-profile --instance-profile-name NAME --role-name NAME",
        NO_CREDENTIALS,
    ),
    "ec2: instances",
    "iam: roles",
)
def role_not_in_profile(evidence: Evidence) -> Iterator[Occurrence]:
    """The machines' instance profile does not hold their role."""
    for role in evidence.web_roles:
        name = role.role_name
        concerned = [instance for instance in evidence.site.instances if profile_name(instance) == name]
        if role.instance_profiles is not None and concerned and name not in role.instance_profiles:
            yield Occurrence(
                f"The instance profile {name} does not hold the role {name}.",
                Where("instance profile", name),
                f"the role's instance profiles: {', '.join(role.instance_profiles) or 'none'}",
                remedy=f"Call: aws iam add-role-to-instance-profile --instance-profile-name {name} --role-name {name}",
                severity=severity(evidence, concerned),
            )


def needed(evidence: Evidence) -> dict[str, str]:
    """Return the actions that the machines need from the beginning, each with its resource."""
    content = evidence.content_buckets
    read = {"s3:GetObject": f"arn:aws:s3:::{content[0]}/site/any"} if content else {}
    return dict.fromkeys(policies.SESSION_ACTIONS, "*") | read


@AREA.rule(
    RuleInfo(
        "role-bounded",
        CRITICAL,
        f"A role may do what both its policies and its permissions boundary admit. {LATER}",
        "Admit in the permissions boundary what the machines need, or take it off: aws iam "
        "delete-role-permissions-boundary --role-name NAME",
        NO_CREDENTIALS,
    ),
    "ec2: instances",
    "iam: roles",
    "iam: role policies",
    "s3: buckets",
)
def role_bounded(evidence: Evidence) -> Iterator[Occurrence]:
    """The permissions boundary of the machines' role does not admit what the machines need."""
    for role in evidence.web_roles:
        name, boundary = role.role_name, role.permissions_boundary_arn
        document = evidence.details.role_policies.get(name, RolePolicies()).boundary
        if boundary and (missing := policies.not_admitted(document, needed(evidence))):
            yield Occurrence(
                f"The permissions boundary of the role {name} does not admit {missing[0]}.",
                Where("role", name),
                f"{boundary}: not {', '.join(missing)}",
                remedy="Admit that in the permissions boundary, or take it off: aws iam "
                f"delete-role-permissions-boundary --role-name {name}",
                severity=severity(evidence, evidence.running),
            )


@AREA.rule(
    RuleInfo(
        "role-denied",
        CRITICAL,
        f"What one policy of a role denies, no other one can allow. {LATER}",
        "Delete that policy: aws iam delete-role-policy --role-name NAME --policy-name NAME",
        (*NO_CREDENTIALS, "content-unreadable", "session-manager-denied"),
    ),
    "ec2: instances",
    "iam: roles",
    "iam: role policies",
    "s3: buckets",
)
def role_denied(evidence: Evidence) -> Iterator[Occurrence]:
    """A policy of the machines' role denies what the machines need."""
    for role in evidence.web_roles:
        name = role.role_name
        found = evidence.details.role_policies.get(name, RolePolicies())
        for policy, denied in policies.denying(found, needed(evidence)).items():
            yield Occurrence(
                f"The policy {policy} of the role {name} denies {denied}.",
                Where("role", name, policy),
                f"Deny {denied}",
                remedy=f"Delete the policy: aws iam delete-role-policy --role-name {name} --policy-name {policy}",
                severity=severity(evidence, evidence.running),
            )


@AREA.rule(
    RuleInfo(
        "metadata-off",
        CRITICAL,
        f"A machine learns its credentials from its metadata. {LATER}",
        "Call: aws ec2 modify-instance-metadata-options --instance-id ID --http-endpoint enabled --http-tokens "
        "required",
        NO_CREDENTIALS,
    ),
    "ec2: instances",
)
def metadata_off(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine's metadata service is switched off."""
    for instance in evidence.site.instances:
        if instance.metadata_options.http_endpoint == "disabled":
            yield on(
                instance,
                f"The metadata service of {display_name(instance)} is switched off.",
                "HttpEndpoint=disabled",
                remedy=f"Call: aws ec2 modify-instance-metadata-options --instance-id {instance.instance_id} "
                "--http-endpoint enabled --http-tokens required",
                severity=severity(evidence, [instance]),
            )


@AREA.rule(
    RuleInfo(
        "web-group-detached",
        CRITICAL,
        "The rules that let the load balancer in, and the machine out to the share, are those of its group.",
        f"Give it the group back: {PROVISION}",
        (
            *("balancer-not-admitted", "balancer-path-blocked", "nfs-ingress-closed", "nfs-egress-closed"),
            *("mount-path-blocked", "egress-443-closed", "share-not-mounted", "target-unhealthy"),
            *("machine-unreachable", "health-page-500", "health-page-hangs"),
        ),
    ),
    "ec2: instances",
    "ec2: security groups",
)
def web_group_detached(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine has not the security group of the machines."""
    own = evidence.groups_of("web")
    for instance in evidence.site.instances if own else []:
        groups = instance.security_group_ids
        if groups is not None and not set(own) & set(groups):
            what = f"{display_name(instance)} has not the security group {' or '.join(sorted(own.values()))}."
            yield on(instance, what, f"security_group_ids: {', '.join(groups) or 'none'}")
