# SPDX-License-Identifier: GPL-3.0-or-later
"""SSM documents that AWS owns: moto has only those of the account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.ssm.exceptions import ValidationException
from moto.ssm.models import Document, Documents, SimpleSystemManagerBackend

from lab.api.moto.extension import replaces
from lab.context import Context
from lab.world.machines.commands import RUN_SHELL_SCRIPT
from lab.world.machines.session_documents import OWNED

_SESSION_SYSTEMS = ["Windows", "Linux", "MacOS"]
_DOCUMENTS = {name: (content, "Session", _SESSION_SYSTEMS) for name, content in OWNED.items()}
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


def _supply(backend: Any) -> None:
    for name, (content, kind, systems) in _DOCUMENTS.items():
        if name not in backend._documents:
            document = Document("Amazon", name, "", json.dumps(content), kind, "JSON", [], [], "")
            document.platform_types = systems
            backend._documents[name] = Documents(document)
