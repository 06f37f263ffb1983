# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of access: the machines' role, sessions, and the machines' own settings."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.integration.drifts.account import SITE, Account, Drift, tags

NAME = f"{SITE}-web"
ROLE = "Create the machines' role and instance profile"
POLICIES = "Allow the machines their agent, the site's releases, logged sessions, and the site's secrets and no others"
DOCUMENT = f"{SITE}-session"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def role(a: Account) -> Any:
    iam = a.client("iam")
    found = iam.get_role(RoleName=NAME)["Role"]
    kept = ("AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags")
    attached = iam.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"]
    return {key: found.get(key) for key in kept}, attached


def trusts_others(a: Account) -> None:
    iam = a.client("iam")
    trust = iam.get_role(RoleName=NAME)["Role"]["AssumeRolePolicyDocument"]
    more = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = {**trust, "Statement": [*trust["Statement"], more]}
    iam.update_assume_role_policy(RoleName=NAME, PolicyDocument=json.dumps(trust))


def inline(name: str) -> Any:
    def read(a: Account) -> Any:
        try:
            return a.client("iam").get_role_policy(RoleName=NAME, PolicyName=name)["PolicyDocument"]
        except a.client("iam").exceptions.NoSuchEntityException:
            return None

    return read


def wider(a: Account) -> None:
    iam = a.client("iam")
    policy = iam.get_role_policy(RoleName=NAME, PolicyName="agent")["PolicyDocument"]
    more = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = {**policy, "Statement": [*policy["Statement"], more]}
    iam.put_role_policy(RoleName=NAME, PolicyName="agent", PolicyDocument=json.dumps(policy))


def document(a: Account) -> Any:
    return json.loads(a.client("ssm").get_document(Name=DOCUMENT)["Content"])


def change_document(a: Account) -> None:
    ssm, content = a.client("ssm"), document(a)
    content["inputs"]["cloudWatchStreamingEnabled"] = False
    # Each time another one: SSM takes no content that a version of the document has.
    content["inputs"]["cloudWatchLogGroupName"] = f"/elsewhere/{uuid.uuid4().hex}"
    made = ssm.update_document(
        Name=DOCUMENT, Content=json.dumps(content), DocumentVersion="$LATEST", DocumentFormat="JSON"
    )
    ssm.update_document_default_version(Name=DOCUMENT, DocumentVersion=made["DocumentDescription"]["DocumentVersion"])


def session_log(a: Account) -> Any:
    logs = a.client("logs")
    [found] = logs.describe_log_groups(logGroupNamePrefix=f"/{SITE}/sessions")["logGroups"]
    return found.get("retentionInDays"), logs.list_tags_log_group(logGroupName=f"/{SITE}/sessions")["tags"]


def rotation(a: Account) -> Any:
    return a.client("kms").get_key_rotation_status(KeyId=key(a))["KeyRotationEnabled"]


def key(a: Account) -> str:
    aliases = a.client("kms").list_aliases()["Aliases"]
    [found] = [one["TargetKeyId"] for one in aliases if one["AliasName"] == f"alias/{DOCUMENT}"]
    return str(found)


# ---- machines


def machine(zone: str) -> Any:
    """Return what reads a machine's settings."""

    def read(a: Account) -> Any:
        found = a.machine(zone)
        profile = found.get("IamInstanceProfile", {}).get("Arn")
        options = {key: value for key, value in found["MetadataOptions"].items() if key != "State"}
        return options, found["SecurityGroups"], profile, found["InstanceType"], tags(found)

    return read


def tokens_optional(a: Account) -> None:
    a.ec2.modify_instance_metadata_options(
        InstanceId=a.machine("a")["InstanceId"], HttpTokens="optional", HttpPutResponseHopLimit=2
    )


def machine_group_added(a: Account) -> None:
    groups = [a.group(name)["GroupId"] for name in (NAME, "default")]
    a.ec2.modify_instance_attribute(InstanceId=a.machine("c")["InstanceId"], Groups=groups)


def machine_untagged(a: Account) -> None:
    a.ec2.delete_tags(Resources=[a.machine("a")["InstanceId"]], Tags=[{"Key": "hasite:part"}])


A, C = (f"Start the machines that are missing (ap-northeast-1{zone})" for zone in "ac")
DRIFTS = (
    Drift(
        "the machines may do everything",
        ROLE,
        lambda a: a.client("iam").attach_role_policy(RoleName=NAME, PolicyArn=ADMINISTRATOR),
        role,
    ),
    Drift("others may be the machines' role", ROLE, trusts_others, role),
    Drift(
        "the machines' role has lost its part",
        ROLE,
        lambda a: a.client("iam").untag_role(RoleName=NAME, TagKeys=["hasite:part"]),
        role,
    ),
    Drift("the agent's policy is wider", f"{POLICIES} (agent)", wider, inline("agent")),
    Drift(
        "the machines may not log sessions",
        f"{POLICIES} (session_log)",
        lambda a: a.client("iam").delete_role_policy(RoleName=NAME, PolicyName="session_log"),
        inline("session_log"),
    ),
    Drift("sessions are not logged", "Create the session document", change_document, document),
    Drift(
        "the log of sessions is kept for ever",
        "Set how long session logs are kept",
        lambda a: a.client("logs").delete_retention_policy(logGroupName=f"/{SITE}/sessions"),
        session_log,
    ),
    Drift(
        "the sessions' key gets no new material",
        "Create the key that encrypts sessions",
        lambda a: a.client("kms").disable_key_rotation(KeyId=key(a)),
        rotation,
    ),
    Drift("a machine's metadata needs no token", A, tokens_optional, machine("a")),
    Drift("a machine has one group more", C, machine_group_added, machine("c")),
    Drift("a machine has lost its part", A, machine_untagged, machine("a")),
)
