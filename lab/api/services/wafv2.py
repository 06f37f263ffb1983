# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS WAF before load balancers: what moto lacks, and what the service refuses.

https://docs.aws.amazon.com/waf/latest/APIReference/API_Operations_AWS_WAFV2.html
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.elbv2.models import elbv2_backends
from moto.wafv2.exceptions import WAFNonexistentItemException, WAFv2ClientError
from moto.wafv2.models import WAFV2Backend
from moto.wafv2.responses import WAFV2Response

from lab.api.moto.extension import adds, replaces
from lab.base.words import WordError
from lab.context import Context
from lab.world.balancer import web_acl

Original = Callable[..., Any]


def extend(context: Context) -> None:  # noqa: ARG001 - all extensions are called alike
    """Check web ACLs and IP sets, and keep what is associated with them."""
    _extend_acls()
    _extend_removal()
    _extend_associations()
    _extend_sets()


def _extend_acls() -> None:
    @replaces(WAFV2Backend, "create_web_acl")
    def create_web_acl(original: Original, self: Any, *args: Any, **more: Any) -> Any:
        told = inspect.signature(original).bind(self, *args, **more).arguments
        if told["scope"] != "REGIONAL":
            raise WAFv2ClientError("NotImplemented", "The lab has web ACLs of load balancers only; nothing was done.")
        if any(acl.name == told["name"] for acl in self.wacls.values()):
            raise _duplicate()
        _check_acl(self, told)
        return original(**told)

    @replaces(WAFV2Backend, "update_web_acl")
    def update_web_acl(original: Original, self: Any, *args: Any, **more: Any) -> Any:
        told = inspect.signature(original).bind(self, *args, **more).arguments
        found = self.get_web_acl(None, told["name"], told["_id"])
        _check_acl(self, {**told, "rules": told.get("rules") or [], "default_action": told["default_action"]})
        made = original(**told)
        if not told.get("rules"):
            # The call says what the web ACL is from now on; moto keeps the rules if there are none.
            found.rules = []
        return made


def _extend_removal() -> None:
    @replaces(WAFV2Backend, "delete_web_acl")
    def delete_web_acl(original: Original, self: Any, name: str, scope: str, _id: str, lock_token: str) -> None:
        if _resources(self, self.get_web_acl(None, name, _id)):
            raise _associated()
        original(self, name, scope, _id, lock_token)

    @replaces(WAFV2Backend, "delete_ip_set")
    def delete_ip_set(original: Original, self: Any, name: str, scope: str, _id: str, lock_token: str) -> None:
        arn = self.get_ip_set(name, scope, _id).arn
        statements = [rule.statement for acl in self.wacls.values() for rule in acl.rules]
        if arn in _references(statements):
            raise _associated()
        original(self, name, scope, _id, lock_token)


def _extend_associations() -> None:
    @replaces(WAFV2Backend, "associate_web_acl")
    def associate_web_acl(original: Original, self: Any, web_acl_arn: str, resource_arn: str) -> None:
        if web_acl_arn not in self.wacls or resource_arn not in _balancers(self):
            raise WAFNonexistentItemException
        # A resource has one web ACL at most; another one takes its place.
        self.disassociate_web_acl(resource_arn)
        original(self, web_acl_arn, resource_arn)

    @adds(WAFV2Response, "list_resources_for_web_acl")
    def list_resources_for_web_acl(self: Any) -> ActionResult:
        acl = self.wafv2_backend.get_web_acl(self._get_param("WebACLArn"), None, None)
        return ActionResult({"ResourceArns": _resources(self.wafv2_backend, acl)})


def _extend_sets() -> None:
    @replaces(WAFV2Backend, "create_ip_set")
    def create_ip_set(original: Original, self: Any, *args: Any, **more: Any) -> Any:
        told = inspect.signature(original).bind(self, *args, **more).arguments
        if any(ip_set.name == told["name"] for ip_set in self.ip_sets.values()):
            raise _duplicate()
        _check_addresses(told["addresses"])
        return original(**told)

    @replaces(WAFV2Backend, "update_ip_set")
    def update_ip_set(original: Original, self: Any, *args: Any, **more: Any) -> Any:
        told = inspect.signature(original).bind(self, *args, **more).arguments
        _check_addresses(told["addresses"])
        return original(**told)


def _check_acl(backend: Any, told: Mapping[str, Any]) -> None:
    """Refuse what AWS refuses and what the lab does not evaluate; write the window in that AWS takes by itself."""
    addresses = {ip_set.arn: ip_set.addresses for ip_set in backend.ip_sets.values()}
    try:
        read = web_acl.read(
            "", told["rules"], told["default_action"], told.get("custom_response_bodies") or {}, addresses
        )
    except web_acl.UnmodelledError as error:
        raise WAFv2ClientError("NotImplemented", f"{error} Nothing was done.") from error
    except (web_acl.MalformedError, WordError) as error:
        raise _invalid(str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _invalid("A rule or an action is malformed.") from error
    rates = {rule.name: rule.statement.window for rule in read.rules if isinstance(rule.statement, web_acl.Rate)}
    for rule in told["rules"]:
        if rule["Name"] in rates:
            rule["Statement"]["RateBasedStatement"]["EvaluationWindowSec"] = rates[rule["Name"]]


def _check_addresses(addresses: Any) -> None:
    try:
        web_acl.Sources(tuple(addresses))
    except (TypeError, ValueError) as error:
        raise _invalid("An address of the IP set is not a block such as 192.0.2.0/24.") from error
    if not all("/" in address for address in addresses):
        raise _invalid("Each address of an IP set needs the length of its block, such as /32.")


def _balancers(backend: Any) -> Sequence[str]:
    return list(elbv2_backends[backend.account_id][backend.region_name].load_balancers)


def _resources(backend: Any, acl: Any) -> list[str]:
    """Return the load balancers before which a web ACL is; one that was deleted has none."""
    there = _balancers(backend)
    return [resource for resource in acl.associated_resources if resource in there]


def _references(found: Any) -> Iterator[str]:
    """Yield the ARNs in statements, however deep."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            if key == "ARN":
                yield str(value)
            yield from _references(value)
    elif isinstance(found, list):
        for value in found:
            yield from _references(value)


def _invalid(sentence: str) -> WAFv2ClientError:
    return WAFv2ClientError("WAFInvalidParameterException", f"Error reason: {sentence}")


def _associated() -> WAFv2ClientError:
    sentence = "AWS WAF couldn’t perform the operation because your resource is being used by another resource."
    return WAFv2ClientError("WAFAssociatedItemException", sentence)


def _duplicate() -> WAFv2ClientError:
    sentence = "AWS WAF couldn’t perform the operation because some resource in your request is a duplicate."
    return WAFv2ClientError("WAFDuplicateItemException", sentence)
