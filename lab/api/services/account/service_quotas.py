# SPDX-License-Identifier: GPL-3.0-or-later
"""Service Quotas: what an account may have in a region, asked for by its API and heeded by the others.

The errors are AWS's: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
An increase is granted at once, where AWS takes minutes to days:
https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_RequestServiceQuotaIncrease.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.internet_gateways import InternetGatewayBackend
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend, servicequotas_backends
from moto.servicequotas.responses import ServiceQuotasResponse

from lab.api.moto.extension import adds, replaces
from lab.context import Context
from lab.world.account import quotas
from lab.world.account.quotas import Quota

_LIVE = ("pending", "running")
_UNRAISED = {quota.code: quota.applied for quota in quotas.QUOTAS}
"""What the account has in each region until it asks for more."""


def extend(context: Context) -> None:
    """Tell the quotas, raise them, and refuse what is beyond them."""
    for quota in quotas.QUOTAS:
        _UNRAISED[quota.code] = context.quotas.get(quota.code, quota.applied)
    _extend_reading()
    _extend_increases()
    _extend_gateways()


def limit(backend: Any, quota: Quota) -> float:
    """Return the quota of the account and region that a backend is of."""
    applied = servicequotas_backends[backend.account_id][backend.region_name].__dict__.get("applied", {})
    return float(applied.get(quota.code, _UNRAISED[quota.code]))


def check_vcpus(backend: Any, instance_type: str, count: int) -> None:
    """Refuse to start more vCPUs than the account's quota of Standard instances."""
    if not quotas.is_standard(instance_type):
        return
    running = [instance for instance in backend.all_instances() if instance.state in _LIVE and not _is_spot(instance)]
    used = sum(_vcpus(instance.instance_type) for instance in running if quotas.is_standard(instance.instance_type))
    allowed = limit(backend, quotas.VCPUS)
    if used + count * _vcpus(instance_type) > allowed:
        raise EC2ClientError(
            "VcpuLimitExceeded",
            f"You have requested more vCPU capacity than your current vCPU limit of {allowed:g} allows for the "
            "instance bucket that the specified instance type belongs to. Please visit "
            "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
        )


def _is_spot(instance: Any) -> bool:
    return getattr(instance, "lifecycle", None) == "spot"


def _vcpus(instance_type: str) -> int:
    return int(INSTANCE_TYPES.get(instance_type, {}).get("VCpuInfo", {}).get("DefaultVCpus", 0))


def _found(service: str, code: str) -> Quota:
    quota = quotas.find(service, code)
    if quota is None:
        raise NoSuchResource
    return quota


def _shown(quota: Quota, region: str, account: str, value: float) -> dict[str, Any]:
    return {
        "ServiceCode": quota.service,
        "QuotaCode": quota.code,
        "QuotaArn": f"arn:aws:servicequotas:{region}:{account}:{quota.service}/{quota.code}",
        "QuotaName": quota.name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def _extend_reading() -> None:
    @replaces(ServiceQuotasBackend, "get_service_quota")
    def get_service_quota(_original: Callable[..., Any], self: Any, service_code: str, quota_code: str) -> Any:
        quota = _found(service_code, quota_code)
        return _shown(quota, self.region_name, self.account_id, limit(self, quota))

    @replaces(ServiceQuotasBackend, "list_aws_default_service_quotas")
    def list_defaults(_original: Callable[..., Any], self: Any, service_code: str) -> Any:
        found = [quota for quota in quotas.QUOTAS if quota.service == service_code]
        if not found:
            raise NoSuchResource
        return [_shown(quota, self.region_name, self.account_id, quota.default) for quota in found]

    @adds(ServiceQuotasResponse, "get_aws_default_service_quota")
    def get_default(self: Any) -> str:
        asked = json.loads(self.body)
        quota = _found(asked["ServiceCode"], asked["QuotaCode"])
        return json.dumps({"Quota": _shown(quota, self.region, self.current_account, quota.default)})


def _extend_increases() -> None:
    @adds(ServiceQuotasResponse, "request_service_quota_increase")
    def request_increase(self: Any) -> str:
        asked = json.loads(self.body)
        quota, wanted = _found(asked["ServiceCode"], asked["QuotaCode"]), float(asked["DesiredValue"])
        if wanted <= limit(self.backend, quota):
            raise JsonRESTError(
                "IllegalArgumentException",
                f"You must provide a quota value greater than the current quota value: {limit(self.backend, quota):g}.",
            )
        self.backend.__dict__.setdefault("applied", {})[quota.code] = wanted
        told = {**_shown(quota, self.region, self.current_account, wanted), "DesiredValue": wanted}
        return json.dumps({"RequestedQuota": {**told, "Id": f"lab{quota.code}", "Status": "APPROVED"}})


def _extend_gateways() -> None:
    @replaces(InternetGatewayBackend, "create_internet_gateway")
    def create_internet_gateway(original: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
        if len(self.internet_gateways) >= limit(self, quotas.INTERNET_GATEWAYS):
            raise EC2ClientError(
                "InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached."
            )
        return original(self, *args, **kwargs)


def check_vpcs(backend: Any) -> None:
    """Refuse one VPC more than the quota."""
    if len(backend.vpcs) >= limit(backend, quotas.VPCS):
        raise EC2ClientError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")


def check_nat_gateways(backend: Any, subnet: Any) -> None:
    """Refuse one NAT gateway more in a zone than the quota."""
    zones = [backend.get_subnet(gateway.subnet_id).availability_zone for gateway in backend.nat_gateways.values()
             if gateway.state in ("pending", "available", "deleting")]  # fmt: skip
    if zones.count(subnet.availability_zone) >= limit(backend, quotas.NAT_GATEWAYS):
        raise EC2ClientError("NatGatewayLimitExceeded", "The maximum number of NAT Gateways has been reached.")
