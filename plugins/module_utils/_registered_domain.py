# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Domains that are registered at Route 53."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from ._aws import Outcome, Resource, acceptor, aws_call, aws_lookup, failure, pages, waited

REGION = "us-east-1"
"""The registration service exists there only (https://docs.aws.amazon.com/general/latest/gr/r53.html)."""


def canonical(names: Iterable[str]) -> list[str]:
    """Return names as Route 53 compares them."""
    return sorted(name.rstrip(".").lower() for name in names)


@aws_lookup("list the domains registered at Route 53", "AccessDeniedException", "AccessDenied")
def list_domains(client: t.Any) -> list[str]:
    """Return the names of the account's registered domains; None if they may not be read."""
    return [one["DomainName"].lower() for one in pages(client, "list_domains").get("Domains", [])]


@aws_call("read the registration of {name}")
def _read_servers(client: t.Any, name: str) -> list[str]:
    return canonical(one["Name"] for one in client.get_domain_detail(DomainName=name).get("Nameservers", []))


@aws_call("set the name servers of {name}")
def _write_servers(client: t.Any, name: str, servers: list[str]) -> str:
    answer = client.update_domain_nameservers(DomainName=name, Nameservers=[{"Name": one} for one in servers])
    return t.cast("str", answer["OperationId"])


def ensure(
    client: t.Any, params: Mapping[str, t.Any], check_mode: bool, warn: t.Callable[[str], None] = lambda _: None
) -> Outcome:
    """Let the domain have the name servers, if it is registered here."""
    name = canonical([params["domain_name"]])[0]
    domains = list_domains(client)
    if domains is None:
        warn(
            f"The rights do not suffice to see whether {name} is registered at Route 53 by this account "
            "(route53domains:ListDomains), so it is taken as registered elsewhere."
        )
    if name not in (domains or []):
        absent = {"domain_name": name, "registered": False, "name_servers": []}
        return Outcome(False, absent, absent)
    present, wanted = _read_servers(client, name), canonical(params["name_servers"])
    before: Resource = {"domain_name": name, "registered": True, "name_servers": present}
    after = {**before, "name_servers": wanted}
    if present != wanted and not check_mode:
        after["operation_id"] = _write_servers(client, name, wanted)
        if params["wait"]:
            _wait(client, name, after["operation_id"], params["wait_timeout"])
    return Outcome(present != wanted, before, after)


def _wait(client: t.Any, name: str, operation: str, timeout: int) -> None:
    accepted = [acceptor("Status", "SUCCESSFUL"), *(acceptor("Status", one, "failure") for one in ("ERROR", "FAILED"))]
    if not waited(client, "GetOperationDetail", accepted, timeout, 10, OperationId=operation):
        raise failure(
            f"The registry has not taken the name servers of {name} within {timeout} seconds. Look at the request "
            f"{operation} in the console of Route 53."
        )
