# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: what a session with a machine is opened and recorded by (stumbling block 1)."""

from __future__ import annotations

from collections.abc import Iterator

from .evidence import Evidence
from .finding import CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where

AREA = Area("access")


@AREA.rule(
    RuleInfo(
        "session-document-missing",
        CRITICAL,
        "The site's sessions are opened by it: neither the playbooks nor people get into a machine.",
        f"Create it again: {PROVISION}",
        ("machine-unreachable", "machine-silent", "agent-stopped"),
    ),
    "ec2: instances",
    "ssm: documents",
)
def session_document_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The document by which the site's sessions are opened is gone."""
    wanted = f"{evidence.site.name}-session"
    there = [document.name for document in evidence.site.documents]
    if evidence.site.instances and wanted not in there:
        what = f"The session document {wanted} is gone."
        yield Occurrence(what, Where("document", wanted), f"the site's documents: {', '.join(there) or 'none'}")


@AREA.rule(
    RuleInfo(
        "session-log-missing",
        WARNING,
        "What people and playbooks do on the machines is recorded nowhere.",
        f"Create the log group again: {PROVISION}",
    ),
    "ec2: instances",
    "logs: log groups",
)
def session_log_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The log group of the sessions is gone."""
    wanted = f"/{evidence.site.name}/sessions"
    there = [log_group.log_group_name for log_group in evidence.site.log_groups]
    if evidence.site.instances and wanted not in there:
        what = f"The log group {wanted}, which records sessions, is gone."
        yield Occurrence(what, Where("log group", wanted), f"the site's log groups: {', '.join(there) or 'none'}")
