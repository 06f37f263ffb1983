# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""CloudFront's small things: origin access controls, functions and response headers policies."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

from ._aws import UNKNOWN, ChangeResult, aws_call, aws_lookup, pages
from ._resource import Resource

# ---- origin access controls


def normalize_control(control: Mapping[str, t.Any]) -> Resource:
    """Return an origin access control, from a list or as described, the way the modules return it."""
    settings = control.get("OriginAccessControlConfig", control)
    return {
        "id": control["Id"],
        "name": settings["Name"],
        "description": settings.get("Description", ""),
        "signing_protocol": settings["SigningProtocol"],
        "signing_behavior": settings["SigningBehavior"],
        "origin_access_control_origin_type": settings["OriginAccessControlOriginType"],
    }


def wanted_control(params: Mapping[str, t.Any]) -> Resource:
    """Return the settings that the options ask for."""
    return {
        "name": params["name"],
        "description": params["description"],
        "signing_protocol": "sigv4",
        "signing_behavior": params["signing_behavior"],
        "origin_access_control_origin_type": params["origin_type"],
    }


def _control_config(settings: Mapping[str, t.Any]) -> Resource:
    return {
        "Name": settings["name"],
        "Description": settings["description"],
        "SigningProtocol": settings["signing_protocol"],
        "SigningBehavior": settings["signing_behavior"],
        "OriginAccessControlOriginType": settings["origin_access_control_origin_type"],
    }


@aws_call("list origin access controls")
def list_controls(client: t.Any, name: str | None = None) -> list[Resource]:
    """Return the origin access controls, or the one with the name."""
    found = pages(client, "list_origin_access_controls").get("OriginAccessControlList", {}).get("Items", [])
    return [normalize_control(control) for control in found if name in (None, control["Name"])]


@aws_call("create origin access control {config[Name]}")
def _create_control(client: t.Any, config: Resource) -> str:
    answer = client.create_origin_access_control(OriginAccessControlConfig=config)
    return t.cast("str", answer["OriginAccessControl"]["Id"])


@aws_call("read origin access control {control_id}")
def _control_etag(client: t.Any, control_id: str) -> str:
    return t.cast("str", client.get_origin_access_control(Id=control_id)["ETag"])


@aws_call("update origin access control {control_id}")
def _update_control(client: t.Any, control_id: str, etag: str, config: Resource) -> None:
    client.update_origin_access_control(Id=control_id, IfMatch=etag, OriginAccessControlConfig=config)


@aws_lookup("delete origin access control {control_id}", "NoSuchOriginAccessControl")
def _delete_control(client: t.Any, control_id: str, etag: str) -> None:
    client.delete_origin_access_control(Id=control_id, IfMatch=etag)


def ensure_control(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Create, change or delete the origin access control, as the options say."""
    before = next(iter(list_controls(client, params["name"])), {})
    if params["state"] == "absent":
        if before and not check_mode:
            _delete_control(client, before["id"], _control_etag(client, before["id"]))
        return ChangeResult(bool(before), before, {})
    wanted = wanted_control(params)
    after = {"id": before.get("id", UNKNOWN), **wanted}
    if after != before and not check_mode:
        if before:
            _update_control(client, before["id"], _control_etag(client, before["id"]), _control_config(wanted))
        else:
            after["id"] = _create_control(client, _control_config(wanted))
    return ChangeResult(after != before, before, after)


# ---- functions


def _marked(operation: t.Any, result: str, **arguments: t.Any) -> Iterator[Resource]:
    """Yield the items of a list for which botocore has no paginator."""
    while True:
        answer = operation(**arguments)[result]
        yield from answer.get("Items", [])
        if not answer.get("NextMarker"):
            return
        arguments["Marker"] = answer["NextMarker"]


@aws_call("list functions")
def list_functions(client: t.Any) -> list[Resource]:
    """Return the functions, without their code."""
    return [
        {"name": function["Name"], "arn": function["FunctionMetadata"]["FunctionARN"], "status": function.get("Status")}
        for function in _marked(client.list_functions, "FunctionList", Stage="DEVELOPMENT")
    ]


@aws_lookup("read the {stage} stage of function {name}", "NoSuchFunctionExists")
def _read_stage(client: t.Any, name: str, stage: str) -> Resource:
    described = client.describe_function(Name=name, Stage=stage)
    code = client.get_function(Name=name, Stage=stage)["FunctionCode"].read()
    summary = described["FunctionSummary"]
    return {
        "name": name,
        "arn": summary["FunctionMetadata"]["FunctionARN"],
        "etag": described["ETag"],
        "runtime": summary["FunctionConfig"]["Runtime"],
        "comment": summary["FunctionConfig"].get("Comment", ""),
        "code": code.decode(),
    }


def read_function(client: t.Any, name: str) -> Resource:
    """Return the function; its stage is LIVE if the published code is the newest."""
    newest = _read_stage(client, name, "DEVELOPMENT")
    if not newest:
        return {}
    live = _read_stage(client, name, "LIVE") or {}
    published = all(live.get(key) == newest[key] for key in ("code", "runtime", "comment"))
    return {**newest, "stage": "LIVE" if published else "DEVELOPMENT"}


def plan_function(before: Mapping[str, t.Any], params: Mapping[str, t.Any]) -> Resource:
    """Return the function as it will be."""
    wanted = {key: params[key] for key in ("name", "runtime", "comment", "code")}
    same = all(before.get(key) == value for key, value in wanted.items())
    published = params["publish"] or (same and before.get("stage") == "LIVE")
    return {
        "arn": before.get("arn", UNKNOWN),
        "etag": before["etag"] if same else UNKNOWN,
        "stage": "LIVE" if published else "DEVELOPMENT",
        **wanted,
    }


@aws_call("create function {name}")
def _create_function(client: t.Any, name: str, config: Resource, code: bytes) -> str:
    answer = client.create_function(Name=name, FunctionConfig=config, FunctionCode=code)
    return t.cast("str", answer["ETag"])


@aws_call("update function {name}")
def _update_function(client: t.Any, name: str, etag: str, config: Resource, code: bytes) -> str:
    answer = client.update_function(Name=name, IfMatch=etag, FunctionConfig=config, FunctionCode=code)
    return t.cast("str", answer["ETag"])


@aws_call("publish function {name}")
def _publish_function(client: t.Any, name: str, etag: str) -> None:
    client.publish_function(Name=name, IfMatch=etag)


@aws_lookup("delete function {name}", "NoSuchFunctionExists")
def _delete_function(client: t.Any, name: str, etag: str) -> None:
    client.delete_function(Name=name, IfMatch=etag)


def ensure_function(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Create, change or delete the function, as the options say."""
    before = read_function(client, params["name"])
    if params["state"] == "absent":
        if before and not check_mode:
            _delete_function(client, params["name"], before["etag"])
        return ChangeResult(bool(before), before, {})
    after = plan_function(before, params)
    changed = after != before
    if changed and not check_mode:
        _write_function(client, before, after)
        after = read_function(client, params["name"])
    return ChangeResult(changed, before, after)


def _write_function(client: t.Any, before: Resource, after: Resource) -> None:
    config = {"Comment": after["comment"], "Runtime": after["runtime"]}
    code = after["code"].encode()
    etag = after["etag"]
    if not before:
        etag = _create_function(client, after["name"], config, code)
    elif etag != before["etag"]:
        etag = _update_function(client, after["name"], before["etag"], config, code)
    if after["stage"] == "LIVE":
        _publish_function(client, after["name"], etag)


# ---- response headers policies


def normalize_policy(policy: Mapping[str, t.Any]) -> Resource:
    """Return a response headers policy the way the module returns it."""
    config = policy["ResponseHeadersPolicyConfig"]
    headers = [
        {"header": header["Header"], "value": header["Value"], "override": header["Override"]}
        for header in (config.get("CustomHeadersConfig") or {}).get("Items", [])
    ]
    return {
        "id": policy["Id"],
        "name": config["Name"],
        "comment": config.get("Comment", ""),
        "custom_headers": sorted(headers, key=lambda one: str(one["header"]).lower()),
        "security_headers": _normalize_security(config.get("SecurityHeadersConfig") or {}),
    }


def _normalize_security(config: Mapping[str, t.Any]) -> Resource:
    transport = config.get("StrictTransportSecurity")
    found: Resource = {}
    if transport:
        found["strict_transport_security"] = {
            "override": transport["Override"],
            "max_age": transport["AccessControlMaxAgeSec"],
            "include_subdomains": transport.get("IncludeSubdomains", False),
            "preload": transport.get("Preload", False),
        }
    if config.get("ContentTypeOptions"):
        found["content_type_options"] = {"override": config["ContentTypeOptions"]["Override"]}
    for key, name in _WORDED.items():
        if config.get(name):
            found[key] = {"override": config[name]["Override"], "value": config[name][_VALUE_KEYS.get(name, name)]}
    return found


_WORDED = {
    "frame_options": "FrameOptions",
    "referrer_policy": "ReferrerPolicy",
    "content_security_policy": "ContentSecurityPolicy",
}
_VALUE_KEYS = {"FrameOptions": "FrameOption"}


def wanted_policy(params: Mapping[str, t.Any]) -> Resource:
    """Return the settings that the options ask for."""
    security: Resource = {}
    if params["strict_transport_security"]:
        security["strict_transport_security"] = {"override": True, **params["strict_transport_security"]}
    if params["content_type_options"]:
        security["content_type_options"] = {"override": True}
    security |= {key: {"override": True, "value": params[key]} for key in _WORDED if params[key]}
    return {
        "name": params["name"],
        "comment": params["comment"],
        "custom_headers": sorted(params["custom_headers"], key=lambda one: one["header"].lower()),
        "security_headers": security,
    }


def policy_config(settings: Mapping[str, t.Any]) -> Resource:
    """Return the settings as CloudFront wants them."""
    config: Resource = {"Name": settings["name"], "Comment": settings["comment"]}
    headers = [
        {"Header": header["header"], "Value": header["value"], "Override": header["override"]}
        for header in settings["custom_headers"]
    ]
    if headers:
        config["CustomHeadersConfig"] = {"Quantity": len(headers), "Items": headers}
    security = settings["security_headers"]
    written: Resource = {
        name: {"Override": security[key]["override"], _VALUE_KEYS.get(name, name): security[key]["value"]}
        for key, name in _WORDED.items()
        if key in security
    }
    if "content_type_options" in security:
        written["ContentTypeOptions"] = {"Override": security["content_type_options"]["override"]}
    if transport := security.get("strict_transport_security"):
        written["StrictTransportSecurity"] = {
            "Override": transport["override"],
            "AccessControlMaxAgeSec": transport["max_age"],
            "IncludeSubdomains": transport["include_subdomains"],
            "Preload": transport["preload"],
        }
    if written:
        config["SecurityHeadersConfig"] = written
    return config


@aws_call("list response headers policies")
def list_policies(client: t.Any) -> list[Resource]:
    """Return the account's own response headers policies."""
    found = _marked(client.list_response_headers_policies, "ResponseHeadersPolicyList", Type="custom")
    return [normalize_policy(policy["ResponseHeadersPolicy"]) for policy in found]


@aws_call("create response headers policy {config[Name]}")
def _create_policy(client: t.Any, config: Resource) -> str:
    answer = client.create_response_headers_policy(ResponseHeadersPolicyConfig=config)
    return t.cast("str", answer["ResponseHeadersPolicy"]["Id"])


@aws_call("read response headers policy {policy_id}")
def _policy_etag(client: t.Any, policy_id: str) -> str:
    return t.cast("str", client.get_response_headers_policy(Id=policy_id)["ETag"])


@aws_call("update response headers policy {policy_id}")
def _update_policy(client: t.Any, policy_id: str, etag: str, config: Resource) -> None:
    client.update_response_headers_policy(Id=policy_id, IfMatch=etag, ResponseHeadersPolicyConfig=config)


@aws_lookup("delete response headers policy {policy_id}", "NoSuchResponseHeadersPolicy")
def _delete_policy(client: t.Any, policy_id: str, etag: str) -> None:
    client.delete_response_headers_policy(Id=policy_id, IfMatch=etag)


def ensure_policy(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Create, change or delete the response headers policy, as the options say."""
    before = next((policy for policy in list_policies(client) if policy["name"] == params["name"]), {})
    if params["state"] == "absent":
        if before and not check_mode:
            _delete_policy(client, before["id"], _policy_etag(client, before["id"]))
        return ChangeResult(bool(before), before, {})
    wanted = wanted_policy(params)
    after = {"id": before.get("id", UNKNOWN), **wanted}
    if after != before and not check_mode:
        if before:
            _update_policy(client, before["id"], _policy_etag(client, before["id"]), policy_config(wanted))
        else:
            after["id"] = _create_policy(client, policy_config(wanted))
    return ChangeResult(after != before, before, after)
