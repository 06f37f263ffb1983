# SPDX-License-Identifier: GPL-3.0-or-later
"""SSM documents that AWS owns, where moto has only those of the account, and the versions of documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ssm.exceptions import ValidationException
from moto.ssm.models import Document, Documents, SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

from lab.api.moto.extension import adds, replaces
from lab.api.services.ssm.instances import paged
from lab.context import Context
from lab.world.machines.commands import RUN_SHELL_SCRIPT
from lab.world.machines.session_documents import OWNED

_SESSION_SYSTEMS = ["Windows", "Linux", "MacOS"]
_DOCUMENTS = {name: (content, "Session", _SESSION_SYSTEMS) for name, content in OWNED.items()}
_PAGE = 50
"""The most versions on a page."""
_RESERVED = ("aws", "amazon", "amzn")
_DOCUMENTS["AWS-RunShellScript"] = (RUN_SHELL_SCRIPT, "Command", ["Linux", "MacOS"])


def extend(context: Context) -> None:  # noqa: ARG001 - all extensions are called alike
    """Add AWS's documents to every region."""

    @replaces(SimpleSystemManagerBackend, "_get_documents")
    def get_documents(original: Callable[..., Any], self: Any, name: str) -> Any:
        _supply(self)
        return original(self, name)

    @replaces(SimpleSystemManagerBackend, "create_document")
    def create_document(original: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
        """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html (Name)."""
        name = str(kwargs.get("name") or "")
        if name.lower().startswith(_RESERVED):
            raise ValidationException(f"Invalid document name {name}")
        return original(self, *args, **kwargs)

    @replaces(SimpleSystemManagerBackend, "list_documents")
    def list_documents(original: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
        _supply(self)
        return original(self, *args, **kwargs)

    @adds(SimpleSystemManagerResponse, "list_document_versions")
    def list_document_versions(self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ListDocumentVersions.html."""
        held = self.ssm_backend._get_documents(self._get_param("Name"))
        newest_first = sorted(held.versions, key=int, reverse=True)
        told = [_version(held.versions[number], held.default_version) for number in newest_first]
        size = self._get_int_param("MaxResults") or _PAGE
        return ActionResult(paged("DocumentVersions", told, self._get_param("NextToken"), size))


def _version(document: Document, default: str) -> dict[str, Any]:
    """Return what is told of a version; its name is left out if it has none."""
    named = {"VersionName": document.version_name} if document.version_name else {}
    return {
        "Name": document.name,
        "DocumentVersion": document.document_version,
        **named,
        "CreatedDate": document.created_date,
        "IsDefaultVersion": document.document_version == default,
        "DocumentFormat": document.document_format,
        "Status": document.status,
    }


def _supply(backend: Any) -> None:
    for name, (content, kind, systems) in _DOCUMENTS.items():
        if name not in backend._documents:
            document = Document("Amazon", name, "", json.dumps(content), kind, "JSON", [], [], "")
            document.platform_types = systems
            backend._documents[name] = Documents(document)
