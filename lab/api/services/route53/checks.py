# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53's health checks in the API: what may be asked for, what may be changed, and what the checkers have seen."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Any

from moto.core.responses import ActionResult
from moto.route53.exceptions import Route53ClientError
from moto.route53.models import HealthCheck, Route53Backend
from moto.route53.responses import Route53

from lab.api.moto.extension import adds, replaces
from lab.context import Context
from lab.world.names.checker_regions import CHECKER_REGIONS, REGION_OF_CHECKER

_ENDPOINT_TYPES = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP")
_PORTS = {"HTTP": 80, "HTTP_STR_MATCH": 80, "HTTPS": 443, "HTTPS_STR_MATCH": 443}
_FEWEST_REGIONS = 3
_VISIBLE = re.compile(r"[\x21-\x7e]+\Z")
_UNREACHABLE = tuple(
    IPv4Network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4")
)
_FIXED = re.compile(r"<(?:\w+:)?(Type|RequestInterval|MeasureLatency)>")
"""What only CreateHealthCheck may say: https://docs.aws.amazon.com/Route53/latest/APIReference/API_UpdateHealthCheck.html"""

_UPDATABLE = (
    *("ip_address", "port", "resource_path", "fqdn", "search_string", "failure_threshold", "health_threshold"),
    *("inverted", "disabled", "enable_sni"),
)
_RESETTABLE = {
    "ChildHealthChecks": "children",
    "FullyQualifiedDomainName": "fqdn",
    "Regions": "regions",
    "ResourcePath": "resource_path",
}


def extend(context: Context) -> None:
    """Put AWS's rules for health checks, and the checkers' readings, into moto."""
    _creation(context)
    _update()
    _deletion()
    _status(context)


def _refuse(message: str) -> Route53ClientError:
    return Route53ClientError("InvalidInput", message)


def _creation(context: Context) -> None:
    @replaces(Route53Backend, "create_health_check")
    def create_health_check(
        original: Callable[..., Any], self: Any, caller_reference: str, health_check_args: dict[str, Any]
    ) -> HealthCheck:
        wanted = _with_defaults(health_check_args)
        for problem in _problems(wanted, self.health_checks):
            raise _refuse(problem)
        for check in self.health_checks.values():
            if check.caller_reference == caller_reference:
                if check.created_as == wanted:
                    return check
                raise Route53ClientError(
                    "HealthCheckAlreadyExists",
                    f"A health check with the caller reference {caller_reference} exists with other settings.",
                )
        made: HealthCheck = original(self, caller_reference, wanted)
        made.created_as = wanted
        context.waits.begin("health check, first status", made.id, label=wanted.get("fqdn") or "", withholds=[made.id])
        return made


def _with_defaults(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with AWS's own defaults: the port by type, and SNI for HTTPS."""
    kind = args.get("type") or ""
    return {
        **args,
        "port": args.get("port") or _PORTS.get(kind),
        "enable_sni": kind.startswith("HTTPS") if args.get("enable_sni") is None else args["enable_sni"],
        "request_interval": args.get("request_interval") or 30,
        "failure_threshold": args.get("failure_threshold") or 3,
    }


def _problems(check: Mapping[str, Any], existing: Mapping[str, Any]) -> Iterator[str]:
    kind = check["type"]
    if kind == "CALCULATED":
        missing = [child for child in check.get("children") or () if child not in existing]
        if missing:
            yield f"The child health check {missing[0]} does not exist."
        return
    if kind not in _ENDPOINT_TYPES:
        yield f"The lab has no health checks of type {kind}; it knows {', '.join(_ENDPOINT_TYPES)} and CALCULATED."
        return
    yield from _endpoint_problems(check)


def _endpoint_problems(check: Mapping[str, Any]) -> Iterator[str]:
    kind = check["type"]
    if check["request_interval"] not in {10, 30}:
        yield f"RequestInterval is {check['request_interval']}; it must be 10 or 30."
    if not 1 <= int(check["failure_threshold"]) <= 10:
        yield f"FailureThreshold is {check['failure_threshold']}; it must be from 1 to 10."
    if not check.get("fqdn") and not check.get("ip_address"):
        yield "A health check needs FullyQualifiedDomainName or IPAddress."
    for name, value in (("ResourcePath", check.get("resource_path")), ("FullyQualifiedDomainName", check.get("fqdn"))):
        if value and not _VISIBLE.match(value):
            yield f"{name} is {value!r}; it must not have blanks or control characters."
    if check["port"] is None:
        yield "A TCP health check needs Port."
    if kind.endswith("_STR_MATCH") != bool(check.get("search_string")):
        yield f"SearchString goes with HTTP_STR_MATCH and HTTPS_STR_MATCH, and only with them; Type is {kind}."
    yield from _address_problems(check.get("ip_address"))
    yield from _region_problems(check.get("regions") or ())


def _address_problems(address: str | None) -> Iterator[str]:
    """Refuse an address that no checker reaches; those of documentation blocks are the lab's public ones."""
    if not address:
        return
    try:
        number = IPv4Address(address)
    except AddressValueError:
        yield f"IPAddress is {address}; the lab's checkers use IPv4 only."
        return
    if any(number in block for block in _UNREACHABLE):
        yield f"IPAddress is {address}; health checkers can't reach local, private, nonroutable or multicast addresses."


def _region_problems(regions: Any) -> Iterator[str]:
    if regions and len(set(regions)) < _FEWEST_REGIONS:
        yield f"Regions has {len(set(regions))} regions; at least {_FEWEST_REGIONS} are needed."
    unknown = [region for region in regions if region not in CHECKER_REGIONS]
    if unknown:
        yield f"Regions has {unknown[0]}; the checkers are in {', '.join(CHECKER_REGIONS)}."


def _update() -> None:
    @replaces(Route53, "update_health_check")
    def update_health_check(original: Callable[..., Any], self: Any) -> ActionResult:
        fixed = _FIXED.search(self.body if isinstance(self.body, str) else self.body.decode())
        if fixed:
            raise _refuse(f"{fixed[1]} can't be changed; make another health check.")
        check = self.backend.get_health_check(self._get_param("HealthCheckId"))
        version = self._get_int_param("HealthCheckVersion")
        if version and version != check.health_check_version:
            raise Route53ClientError(
                "HealthCheckVersionMismatch",
                f"HealthCheckVersion is {version}, and the health check's is {check.health_check_version}.",
            )
        if self._get_param("IPAddress") and not check.ip_address:
            raise _refuse("IPAddress can't be added to a health check that has none; make another health check.")
        for element in self._get_param("ResetElements") or ():
            setattr(check, _RESETTABLE[element], None)
        return original(self)

    @replaces(Route53Backend, "update_health_check")
    def update(
        _original: Callable[..., Any], self: Any, health_check_id: str, health_check_args: dict[str, Any]
    ) -> HealthCheck:
        check: HealthCheck = self.get_health_check(health_check_id)
        changes = {name: health_check_args[name] for name in _UPDATABLE if health_check_args.get(name) is not None}
        changes |= {name: health_check_args[name] for name in ("children", "regions") if health_check_args.get(name)}
        after = {**{name: getattr(check, name) for name in (*_UPDATABLE, "children", "regions")}, **changes}
        after |= {"type": check.type_, "request_interval": check.request_interval}
        for problem in _problems(after, self.health_checks):
            raise _refuse(problem)
        for name, value in changes.items():
            setattr(check, name, value)
        check.health_check_version += 1
        return check


def _deletion() -> None:
    @replaces(Route53Backend, "delete_health_check")
    def delete_health_check(original: Callable[..., Any], self: Any, health_check_id: str) -> None:
        """Delete also what records use: AWS says their health can't be predicted then.

        https://docs.aws.amazon.com/Route53/latest/APIReference/API_DeleteHealthCheck.html
        """
        self.get_health_check(health_check_id)
        original(self, health_check_id)


def _status(context: Context) -> None:
    @replaces(Route53, "get_health_check_status")
    def get_health_check_status(_original: Callable[..., Any], self: Any) -> ActionResult:
        readings = _readings(context, self)
        return _observations((address, reading.status, reading.at) for address, reading in readings.items())

    @adds(Route53, "get_health_check_last_failure_reason")
    def get_health_check_last_failure_reason(self: Any) -> ActionResult:
        readings = _readings(context, self)
        return _observations(
            (at, reading.failure, reading.failed_at) for at, reading in readings.items() if reading.failure
        )

    @adds(Route53, "get_health_check_count")
    def get_health_check_count(self: Any) -> ActionResult:
        return ActionResult({"HealthCheckCount": len(self.backend.health_checks)})

    @adds(Route53, "get_checker_ip_ranges")
    def get_checker_ip_ranges(_self: Any) -> ActionResult:
        return ActionResult({"CheckerIpRanges": [f"{address}/32" for address in REGION_OF_CHECKER]})


def _readings(context: Context, response: Any) -> dict[str, Any]:
    check = response.backend.get_health_check(response._get_param("HealthCheckId"))
    if check.type_ == "CALCULATED":
        # https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHealthCheckStatus.html
        raise _refuse("The status of a calculated health check is not to be had this way.")
    return dict(context.observed.checks.get(check.id, {}))


def _observations(found: Iterator[tuple[str, str, float]]) -> ActionResult:
    return ActionResult(
        {
            "HealthCheckObservations": [
                {
                    "Region": REGION_OF_CHECKER[address],
                    "IPAddress": address,
                    "StatusReport": {
                        "Status": status,
                        "CheckedTime": datetime.datetime.fromtimestamp(at, datetime.UTC).replace(tzinfo=None),
                    },
                }
                for address, status, at in found
            ]
        }
    )
