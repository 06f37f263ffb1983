# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Domains that are registered at Route 53: their name servers, and what these were before a site took the domain over.

A domain has one set of name servers for all its names, mail included. So it is pointed elsewhere only if it has none
yet, or if the owner says so; then the former ones are kept in tags of the domain itself, which outlive the hosted zone.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from ._aws import ChangeResult, acceptor, aws_call, aws_lookup, failure, pages, tag_dict, tag_list, waited
from ._resource import Resource

REGION = "us-east-1"
"""The registration service exists there only (https://docs.aws.amazon.com/general/latest/gr/r53.html)."""
SITE_TAG = "hasite:site"
KEPT_TAG = "hasite:replaced-name-servers"
_LONGEST = 256
"""Characters of a tag's value (https://docs.aws.amazon.com/Route53/latest/APIReference/API_domains_Tag.html)."""


def canonical(names: Iterable[str]) -> list[str]:
    """Return names as Route 53 compares them."""
    return sorted(name.rstrip(".").lower() for name in names)


def spelled(servers: Iterable[Mapping[str, t.Any]]) -> str:
    """Return name servers with their glue addresses in one line, as the tag keeps them: `ns1.example.com/192.0.2.1`."""
    return " ".join("/".join([server["Name"], *server.get("GlueIps", [])]) for server in servers)


def parsed(line: str) -> list[Resource]:
    """Return the name servers that `spelled` has put into one line."""
    found = [word.split("/") for word in line.split()]
    return [{"Name": name, **({"GlueIps": addresses} if addresses else {})} for name, *addresses in found]


def replaced(present: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Return the present name servers if another one than the wanted ones is among them, else nothing."""
    names = canonical(present)
    return [] if set(names) <= set(canonical(wanted)) else names


def refusal(domain: str, servers: Iterable[str]) -> str:
    """Say that a domain would be taken from those who serve it."""
    return (
        f"{domain} is registered by this account and served by {', '.join(servers)}, so that the site would take all "
        "of its names from there, mail included; copy the records that are still needed into the domain's hosted zone "
        "and set site_take_over to true, or set site_zone to a zone below the domain."
    )


@aws_lookup("list the domains registered at Route 53", "AccessDeniedException", "AccessDenied")
def list_domains(client: t.Any) -> list[str]:
    """Return the names of the account's registered domains; None if they may not be read."""
    return [domain["DomainName"].lower() for domain in pages(client, "list_domains").get("Domains", [])]


@aws_call("read the registration of {name}")
def read_servers(client: t.Any, name: str) -> list[Resource]:
    """Return the name servers of a registered domain, with their glue addresses."""
    found = client.get_domain_detail(DomainName=name).get("Nameservers", [])
    return [{**server, "Name": server["Name"].rstrip(".").lower()} for server in found]


@aws_call("set the name servers of {name}")
def _write_servers(client: t.Any, name: str, servers: list[Resource]) -> str:
    return t.cast("str", client.update_domain_nameservers(DomainName=name, Nameservers=servers)["OperationId"])


@aws_call("read the tags of {name}")
def _read_tags(client: t.Any, name: str) -> dict[str, str]:
    return tag_dict(client.list_tags_for_domain(DomainName=name)["TagList"])


@aws_call("tag {name}")
def _write_tags(client: t.Any, name: str, tags: dict[str, str]) -> None:
    client.update_tags_for_domain(DomainName=name, TagsToUpdate=tag_list(tags))


@aws_call("remove tags from {name}")
def _remove_tags(client: t.Any, name: str, keys: list[str]) -> None:
    client.delete_tags_for_domain(DomainName=name, TagsToDelete=keys)


def ensure(
    client: t.Any, params: Mapping[str, t.Any], check_mode: bool, warn: t.Callable[[str], None] = lambda _: None
) -> ChangeResult:
    """Give the domain the name servers, or those back that it had before; do nothing if it is not registered here."""
    name = canonical([params["domain_name"]])[0]
    domains = list_domains(client)
    if domains is None:
        warn(
            f"The rights do not suffice to see whether {name} is registered at Route 53 by this account "
            "(route53domains:ListDomains), so it is taken as registered elsewhere."
        )
    if name not in (domains or []):
        absent = {"domain_name": name, "registered": False, "name_servers": []}
        return ChangeResult(False, absent, absent)
    change = _give_back if params["state"] == "absent" else _take
    return change(client, name, params, check_mode, warn)


def _take(
    client: t.Any, name: str, params: Mapping[str, t.Any], check_mode: bool, warn: t.Callable[[str], None]
) -> ChangeResult:
    servers = read_servers(client, name)
    present, wanted = canonical(server["Name"] for server in servers), canonical(params["name_servers"])
    others = replaced(present, wanted)
    if others and not params["take_over"]:
        raise failure(refusal(name, others))
    if others:
        _keep(client, name, servers, params["site"], check_mode)
        warn(
            f"{name} was served by {', '.join(others)} until now; its tag {KEPT_TAG} keeps that, and teardown gives it "
            "back."
        )
    return _changed(client, name, present, [{"Name": server} for server in wanted], params, check_mode)


def _keep(client: t.Any, name: str, servers: list[Resource], site: str | None, check_mode: bool) -> None:
    kept = spelled(servers)
    if len(kept) > _LONGEST:
        raise failure(
            f"The name servers of {name} take {len(kept)} characters to be kept for the way back, and a tag takes "
            f"{_LONGEST}; note them ({kept}), and set them yourself."
        )
    if not check_mode:
        _write_tags(client, name, {KEPT_TAG: kept, **({SITE_TAG: site} if site else {})})


def _give_back(
    client: t.Any, name: str, params: Mapping[str, t.Any], check_mode: bool, _warn: t.Callable[[str], None]
) -> ChangeResult:
    """Set the former name servers if the domain still has those that the site gave it."""
    tags = _read_tags(client, name)
    present = canonical(server["Name"] for server in read_servers(client, name))
    if KEPT_TAG not in tags or tags.get(SITE_TAG) != params["site"] or present != canonical(params["name_servers"]):
        same = {"domain_name": name, "registered": True, "name_servers": present}
        return ChangeResult(False, same, same)
    outcome = _changed(client, name, present, parsed(tags[KEPT_TAG]), params, check_mode)
    if not check_mode:
        _remove_tags(client, name, [KEPT_TAG, SITE_TAG])
    return outcome


def _changed(
    client: t.Any, name: str, present: list[str], servers: list[Resource], params: Mapping[str, t.Any], check_mode: bool
) -> ChangeResult:
    wanted = canonical(server["Name"] for server in servers)
    before: Resource = {"domain_name": name, "registered": True, "name_servers": present}
    after = {**before, "name_servers": wanted}
    if present != wanted and not check_mode:
        after["operation_id"] = _write_servers(client, name, servers)
        if params["wait"]:
            _wait(client, name, after["operation_id"], params["wait_timeout"])
    return ChangeResult(present != wanted, before, after)


def _wait(client: t.Any, name: str, operation: str, timeout: int) -> None:
    accepted = [
        acceptor("Status", "SUCCESSFUL"),
        *(acceptor("Status", status, "failure") for status in ("ERROR", "FAILED")),
    ]
    if not waited(client, "GetOperationDetail", accepted, timeout, 10, OperationId=operation):
        raise failure(
            f"The registry has not taken the name servers of {name} within {timeout} seconds. Look at the request "
            f"{operation} in the console of Route 53."
        )
