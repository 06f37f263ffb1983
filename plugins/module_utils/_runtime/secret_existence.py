# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: may change without notice.
"""Looks on the controller whether secrets exist; it describes them and reads no value."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._aws import aws_call, aws_lookup, pages
from .error import RuntimeSettingError
from .secret_values import not_secure
from .sources import SETTING, Source

_OWN_KEYS = ("alias/aws/ssm", "alias/aws/secretsmanager")
"""The keys that AWS manages let everybody decrypt who may read the parameter or secret."""
_MOST_FILTERED = 50


@dataclass
class Found:
    """What a role has to be allowed: ARNs, and the customer's KMS keys by what they decrypt."""

    parameter_arns: list[str] = field(default_factory=list)
    secret_arns: list[str] = field(default_factory=list)
    parameter_key_arns: list[str] = field(default_factory=list)
    secret_key_arns: list[str] = field(default_factory=list)


@aws_call("describe the parameters that site_secrets names")
def _describe_parameters(ssm: t.Any, names: list[str]) -> list[dict[str, t.Any]]:
    filters = [{"Key": "Name", "Option": "Equals", "Values": names}]
    return list(pages(ssm, "describe_parameters", ParameterFilters=filters)["Parameters"])


@aws_lookup("describe the secret {name}", "ResourceNotFoundException")
def _describe_secret(client: t.Any, name: str) -> dict[str, t.Any]:
    return dict(client.describe_secret(SecretId=name))


@aws_call("describe the KMS key {key} of {told}")
def _describe_key(kms: t.Any, key: str, told: str) -> str:  # noqa: ARG001  the description has it
    return str(kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"])


@aws_call("read whose credentials these are")
def _identity(sts: t.Any) -> str:
    return str(sts.get_caller_identity()["Arn"])


def find(client: t.Callable[[str], t.Any], sources: Mapping[str, Source], region: str) -> Found:
    """Describe every secret, or raise RuntimeSettingError. `client` makes the client of a service."""
    found = Found()
    if not sources:
        return found
    partition, account = _identity(client("sts")).split(":")[1:5:3]
    prefix = f"arn:{partition}:ssm:{region}:{account}:parameter"
    _parameters(client, sources, prefix, found)
    _secrets(client, sources, found)
    return found


def _parameters(client: t.Callable[[str], t.Any], sources: Mapping[str, Source], prefix: str, found: Found) -> None:
    wanted = {source.name: variable for variable, source in sources.items() if source.service == "parameter"}
    names, described = sorted(wanted), {}
    for start in range(0, len(names), _MOST_FILTERED):
        some = _describe_parameters(client("ssm"), names[start : start + _MOST_FILTERED])
        described.update({parameter["Name"]: parameter for parameter in some})
    for name in names:
        if name not in described:
            raise RuntimeSettingError(
                f"{SETTING}.{wanted[name]} names the parameter {name}, which SSM does not have in this region; "
                f"create it (aws ssm put-parameter --type SecureString --name {name} --value …), or correct the name."
            )
        if described[name]["Type"] != "SecureString":
            raise RuntimeSettingError(not_secure(name, described[name]["Type"]))
        found.parameter_arns.append(f"{prefix}/{name.lstrip('/')}")
        _key(client, described[name].get("KeyId"), f"the parameter {name}", found.parameter_key_arns)


def _secrets(client: t.Callable[[str], t.Any], sources: Mapping[str, Source], found: Found) -> None:
    wanted = {source.name: variable for variable, source in sources.items() if source.service == "secret"}
    for name in sorted(wanted):
        secret = _describe_secret(client("secretsmanager"), name)
        if secret is None or secret["Name"] != name:
            raise RuntimeSettingError(
                f"{SETTING}.{wanted[name]} names the secret {name}, which Secrets Manager does not have in this region;"
                " create it, or correct the name."
            )
        if secret.get("DeletedDate"):
            raise RuntimeSettingError(
                f"{SETTING}.{wanted[name]} names the secret {name}, which is scheduled for deletion; restore it "
                f"(aws secretsmanager restore-secret --secret-id {name}), or name another one."
            )
        # The last seven characters are random, and others when a deleted secret is created again:
        # https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
        found.secret_arns.append(f"{secret['ARN'][:-7]}-??????")
        _key(client, secret.get("KmsKeyId"), f"the secret {name}", found.secret_key_arns)


def _key(client: t.Callable[[str], t.Any], key: str | None, told: str, arns: list[str]) -> None:
    if not key or key.endswith(_OWN_KEYS):
        return
    arn = _describe_key(client("kms"), key, told)
    if arn not in arns:
        arns.append(arn)
