# SPDX-License-Identifier: GPL-3.0-or-later
"""What Elastic Load Balancing refuses and moto accepts.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html and the
pages of the other operations list the errors; their texts are those that the service answers with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from moto.elbv2.exceptions import ELBClientError

from lab.world.balancer import tls_policy

_FREE_ADDRESSES = 8
_LONGEST_NAME = 32
_MOST_VALUES = 5
_HOST = re.compile(r"[A-Za-z0-9.*?-]{1,128}")


def check_name(name: str) -> None:
    """Refuse a load balancer's name that AWS does not allow."""
    if len(name) > _LONGEST_NAME:
        raise ELBClientError(
            "ValidationError", f"Load balancer name '{name}' cannot be longer than '{_LONGEST_NAME}' characters"
        )
    if not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise ELBClientError(
            "ValidationError",
            f"Load balancer name '{name}' can only contain characters that are alphanumeric characters and hyphens(-)",
        )
    if name.startswith("-") or name.endswith("-"):
        raise ELBClientError("ValidationError", f"Load balancer name '{name}' cannot begin or end with '-'")
    if name.startswith("internal-"):
        raise ELBClientError("ValidationError", f"Load balancer name '{name}' cannot begin with 'internal-'")


def subnets_of(ids: Iterable[str], ec2_backend: Any) -> list[Any]:
    """Return the subnets, or refuse one that does not exist."""
    known = {subnet.id: subnet for subnets in ec2_backend.subnets.values() for subnet in subnets.values()}
    found = []
    for id_ in ids:
        if id_ not in known:
            raise ELBClientError("SubnetNotFound", f"The subnet ID '{id_}' does not exist")
        found.append(known[id_])
    return found


def check_subnets(subnets: Sequence[Any], scheme: str, ec2_backend: Any) -> None:
    """Refuse subnets in fewer than two zones, twice in a zone, of two VPCs, without addresses or a way out."""
    zones = [subnet.availability_zone for subnet in subnets]
    if len(set(zones)) != len(zones):
        raise ELBClientError(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    if len(set(zones)) < 2:
        raise ELBClientError(
            "ValidationError", "At least two subnets in two different Availability Zones must be specified"
        )
    vpcs = {subnet.vpc_id for subnet in subnets}
    if len(vpcs) > 1:
        raise ELBClientError(
            "InvalidConfigurationRequest", f"All subnets must belong to the same VPC: '{', '.join(sorted(vpcs))}'"
        )
    for subnet in subnets:
        if subnet.available_ip_address_count < _FREE_ADDRESSES:
            raise ELBClientError(
                "InvalidSubnet",
                f"Not enough IP space available in {subnet.id}. ELB requires at least {_FREE_ADDRESSES} free IP "
                "addresses in each subnet.",
            )
    vpc_id = vpcs.pop()
    gateways = ec2_backend.internet_gateways.values()
    if scheme == "internet-facing" and not any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in gateways):
        raise ELBClientError("InvalidSubnet", f"VPC {vpc_id} has no internet gateway")


def check_groups(groups: Iterable[str], vpc_id: str, ec2_backend: Any) -> None:
    """Refuse security groups that do not exist or belong to another VPC."""
    for group_id in groups:
        group = ec2_backend.get_security_group_from_id(group_id)
        if group is None:
            raise ELBClientError("InvalidSecurityGroup", f"Security group '{group_id}' does not exist")
        if group.vpc_id != vpc_id:
            raise ELBClientError("InvalidConfigurationRequest", "One or more security groups are invalid")


def check_certificates(certificates: Sequence[str], region: str, acm_backend: Any, iam_backend: Any) -> None:
    """Refuse certificates of another region, unknown ones, and ones that are not issued.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
    """
    for arn in certificates:
        if ":iam:" in arn:
            if iam_backend.get_certificate_by_arn(arn) is None:
                raise ELBClientError("CertificateNotFound", f"Certificate '{arn}' not found")
            continue
        if not re.match(rf"arn:[^:]+:acm:{region}:\d+:certificate/", arn):
            raise ELBClientError("ValidationError", f"Certificate ARN '{arn}' is not valid")
        certificate = acm_backend._certificates.get(arn)
        if certificate is None:
            raise ELBClientError("CertificateNotFound", f"Certificate '{arn}' not found")
        if certificate.status != "ISSUED":
            raise ELBClientError(
                "UnsupportedCertificate",
                f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a "
                "supported key size.",
            )


def check_listener(protocol: str, certificates: Sequence[str], policy: str | None) -> None:
    """Refuse an HTTPS listener without its certificate, an HTTP one with it, and an unknown security policy."""
    if policy and not tls_policy.known(policy):
        raise ELBClientError("SSLPolicyNotFound", f"SSL policy '{policy}' not found")
    if protocol == "HTTPS" and not certificates:
        raise ELBClientError("ValidationError", "A certificate must be specified for HTTPS listeners")
    if protocol == "HTTP" and certificates:
        raise ELBClientError("ValidationError", "A certificate cannot be specified for HTTP listeners")


def check_port(port: Any, balancer: Any, but: str = "") -> None:
    """Refuse a port that is none, or that another listener of the balancer has."""
    if not 1 <= int(port) <= 65535:
        raise ELBClientError("ValidationError", f"Listener port '{port}' must be between '1-65535' inclusive")
    for listener in balancer.listeners.values():
        if int(listener.port) == int(port) and listener.arn != but:
            raise ELBClientError(
                "DuplicateListener", f"A listener already exists on this port for this load balancer '{balancer.arn}'"
            )


def check_actions(actions: Sequence[Mapping[str, Any]], balancer: Any, backend: Any) -> None:
    """Refuse what an action may not do, and a target group that is another balancer's or another VPC's."""
    if not actions:
        raise ELBClientError("ValidationError", "A listener must have default actions")
    for action in actions:
        if str(action.get("Type", "")).startswith("authenticate-"):
            raise ELBClientError("NotImplemented", f"The lab's load balancers do not know {action['Type']} actions.")
    for arn in [arn for action in actions for arn in backend._get_target_group_arns_from(action_data=action)]:
        group = backend.target_groups.get(arn)
        if group is None:
            raise ELBClientError("TargetGroupNotFound", f"Target group '{arn}' not found")
        if set(group.load_balancer_arns) - {balancer.arn}:
            raise ELBClientError(
                "TargetGroupAssociationLimit",
                f"The following target groups cannot be associated with more than one load balancer: {arn}",
            )
        if group.vpc_id and group.vpc_id != balancer.vpc_id:
            raise ELBClientError(
                "InvalidConfigurationRequest",
                f"The following target groups are in a different VPC than load balancer '{balancer.arn}': {arn}",
            )


def check_conditions(conditions: Sequence[Mapping[str, Any]]) -> None:
    """Refuse more values than a rule may have, and host names that are none.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_HostHeaderConditionConfig.html
    """
    values = [(condition["Field"], value) for condition in conditions for value in _condition_values(condition)]
    if len(values) > _MOST_VALUES:
        raise ELBClientError("ValidationError", f"A rule can only have '{_MOST_VALUES}' condition values")
    for field, value in values:
        if field == "host-header" and not _HOST.fullmatch(value):
            raise ELBClientError("ValidationError", f"Condition value '{value}' contains a character that is not valid")


def _condition_values(condition: Mapping[str, Any]) -> Sequence[str]:
    config: Mapping[str, Any] = next((value for key, value in condition.items() if key.endswith("Config")), {})
    return config.get("Values") or condition.get("Values") or ()
