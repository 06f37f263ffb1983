# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Systems Manager: documents, and the machines it reaches."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable, Mapping

from ._aws import ChangeResult, acceptor, aws_call, aws_lookup, compare_tags, failure, pages, tag_dict, tag_list, waited
from ._resource import Resource

# ---- documents


@aws_lookup("describe document {name}", "InvalidDocument", "InvalidDocumentOperation")
def _describe(client: t.Any, name: str) -> Resource:
    return t.cast("Resource", client.describe_document(Name=name)["Document"])


@aws_call("read document {name}")
def _content(client: t.Any, name: str, version: str) -> Resource:
    answer = client.get_document(Name=name, DocumentVersion=version, DocumentFormat="JSON")
    return t.cast("Resource", json.loads(answer["Content"]))


@aws_call("list tags of document {name}")
def _tags(client: t.Any, name: str) -> dict[str, str]:
    return tag_dict(client.list_tags_for_resource(ResourceType="Document", ResourceId=name)["TagList"])


@aws_call("create document {name}")
def _create(client: t.Any, name: str, content: Resource, kind: str, tags: list[dict[str, str]]) -> None:
    given = {"Tags": tags} if tags else {}
    client.create_document(Name=name, Content=json.dumps(content), DocumentType=kind, DocumentFormat="JSON", **given)


@aws_lookup("update document {name}", "DuplicateDocumentContent")
def _update(client: t.Any, name: str, content: Resource) -> str:
    answer = client.update_document(
        Name=name, Content=json.dumps(content), DocumentVersion="$LATEST", DocumentFormat="JSON"
    )
    return t.cast("str", answer["DocumentDescription"]["DocumentVersion"])


@aws_call("list the versions of document {name}")
def _versions(client: t.Any, name: str) -> list[str]:
    found = pages(client, "list_document_versions", Name=name).get("DocumentVersions", [])
    return [version["DocumentVersion"] for version in found]


def _new_version(client: t.Any, name: str, content: Resource) -> str:
    """Return the version that has the content: a new one, or the earlier one to which AWS takes no second.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateDocument.html (DuplicateDocumentContent)
    """
    if version := _update(client, name, content):
        return version
    same = [version for version in _versions(client, name) if _content(client, name, version) == content]
    if not same:
        raise failure(f"AWS says that the document {name} has this content, and no version of it does; run this again.")
    return same[0]


@aws_call("make version {version} the default one of document {name}")
def _make_default(client: t.Any, name: str, version: str) -> None:
    client.update_document_default_version(Name=name, DocumentVersion=version)


@aws_call("tag document {name}")
def _add_tags(client: t.Any, name: str, tags: list[dict[str, str]]) -> None:
    client.add_tags_to_resource(ResourceType="Document", ResourceId=name, Tags=tags)


@aws_call("remove tags from document {name}")
def _remove_tags(client: t.Any, name: str, keys: list[str]) -> None:
    client.remove_tags_from_resource(ResourceType="Document", ResourceId=name, TagKeys=keys)


@aws_lookup("delete document {name}", "InvalidDocument")
def _delete(client: t.Any, name: str) -> None:
    client.delete_document(Name=name)


def read_document(client: t.Any, name: str) -> Resource:
    """Return the default version of a document, empty if there is none."""
    document = _describe(client, name)
    if document is None:
        return {}
    version = document.get("DefaultVersion", "1")
    return {
        "name": name,
        "document_type": document["DocumentType"],
        "document_version": version,
        "status": document.get("Status"),
        "content": _content(client, name, version),
        "tags": _tags(client, name),
    }


def ensure_document(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Create, change or delete the document, as the options say."""
    name, content = params["name"], params["content"]
    before = read_document(client, name)
    if params["state"] == "absent":
        if before and not check_mode:
            _delete(client, name)
        return ChangeResult(bool(before), before, {})
    if before and before["document_type"] != params["document_type"]:
        raise failure(
            f"The document {name} is of type {before['document_type']}, which cannot be changed. Delete it first, or "
            "use another name."
        )
    tags = compare_tags(before.get("tags", {}), params["tags"], params["purge_tags"])
    different = before.get("content") != content
    planned = {"name": name, "document_type": params["document_type"], "document_version": "1", "status": "Creating"}
    if check_mode:
        return ChangeResult(
            different or tags.changed, before, {**(before or planned), "content": content, "tags": tags.after}
        )
    if not before:
        _create(client, name, content, params["document_type"], tag_list(tags.after))
    else:
        if different:
            _make_default(client, name, _new_version(client, name, content))
        if tags.to_unset:
            _remove_tags(client, name, tags.to_unset)
        if tags.to_set:
            _add_tags(client, name, tags.to_set_list)
    return ChangeResult(different or tags.changed, before, read_document(client, name))


# ---- machines


def normalize_instance(information: Mapping[str, t.Any]) -> Resource:
    """Return what an agent told in the modules' shape."""
    last = information.get("LastPingDateTime")
    return {
        "instance_id": information["InstanceId"],
        "ping_status": information.get("PingStatus"),
        "last_ping_date_time": last.isoformat() if last else None,
        "agent_version": information.get("AgentVersion"),
        "platform_name": information.get("PlatformName"),
        "platform_version": information.get("PlatformVersion"),
        "ip_address": information.get("IPAddress"),
        "computer_name": information.get("ComputerName"),
    }


def instance_filter(instance_ids: Iterable[str] | None) -> Resource:
    """Return the arguments that ask for machines by their IDs."""
    return {"Filters": [{"Key": "InstanceIds", "Values": list(instance_ids)}]} if instance_ids else {}


@aws_call("list the machines that Systems Manager knows")
def list_instances(client: t.Any, instance_ids: Iterable[str] | None = None) -> list[Resource]:
    """Return the machines that Systems Manager knows."""
    found = pages(client, "describe_instance_information", **instance_filter(instance_ids))
    return sorted(
        (normalize_instance(instance) for instance in found.get("InstanceInformationList", [])),
        key=lambda one: str(one["instance_id"]),
    )


def not_online(instance_ids: Iterable[str], instances: Iterable[Resource], timeout: int) -> str:
    """Say which machines are not reachable, and what the usual causes are."""
    states = {instance["instance_id"]: instance["ping_status"] for instance in instances}
    bad = [f"{id_} ({states.get(id_, 'never seen')})" for id_ in instance_ids if states.get(id_) != "Online"]
    return (
        f"Systems Manager does not reach {', '.join(bad)} within {timeout} seconds. Check that the machine runs, that "
        "it has an instance profile whose role may hold sessions, that its route leads to a NAT "
        "gateway or to the endpoints ssm and ssmmessages, that its security group lets HTTPS out, and "
        "that the agent runs. An agent that was started before its route existed tries again after some minutes."
    )


def wait_until_online(client: t.Any, instance_ids: list[str], timeout: int) -> None:
    """Wait until every machine is reachable."""
    online = acceptor(f"length(InstanceInformationList[?PingStatus == 'Online']) >= `{len(set(instance_ids))}`")
    arguments = instance_filter(instance_ids)
    if not waited(client, "DescribeInstanceInformation", [online], timeout, 5, **arguments):
        raise failure(not_online(instance_ids, list_instances(client, instance_ids), timeout))
