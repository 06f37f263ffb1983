# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that were replaced by those of the field do not come back: as classes, names, files and tasks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("bench", "exams", "lab", "plugins", "roles")

CLASSES = {
    "Answer": "say of what: DnsAnswer",
    "Asking": "DnsOptions",
    "Book": "SessionRegistry",
    "Case": "Occurrence",
    "Control": "say over what: ControlChannel, SessionControl",
    "Door": "Listener",
    "Entry": "say of what: Wait, AclEntry",
    "Front": "SessionLoop",
    "Keeper": "MachineSupervisor",
    "Kind": "RuleInfo",
    "Opening": "ShellHandover",
    "Outcome": "say of what: ProbeResult, ChangeResult",
    "Part": "Component",
    "Place": "LabPaths, SocketPath, PresignedUrl, ReadScope",
    "Request": "say of what: MountRequest, ShellCommand",
    "Trail": "Trace",
    "Verdict": "say of what: PathVerdict, CheckerStatus",
    "Walk": "Tracer",
    "Wish": "say what it is: ReleaseOptions",
    "Yardstick": "Limits",
}
NAMES = {
    "awake": "require_attached",
    "companion": "parent_session",
    "cure": "remedy",
    "cures": "remedies",
    "furnish": "prepare_rootfs",
    "imposed": "WaitPolicy",
    "keeper": "supervisor, daemon",
    "onward": "forward",
    "runes": "utf8",
    "sit_out": "wait",
    "study": "preload",
    "supposed": "inferred",
    "tell_starter": "report_ready",
    "touches": "affected_instances",
    "translator": "nat_gateway_at",
    "translators": "nat_interfaces",
    "wish": "options",
    "wishes": "options",
    "worth_learning": "record_imports",
}
FILES = {
    "distance": "latency_proxy",
    "furnish": "prepare_rootfs",
    "held": "withhold",
    "keeper": "machine_supervisor, daemon",
    "mistakes": "broken_evidence",
    "parts": "components",
    "place": "paths",
    "runes": "utf8_quirks",
    "session_book": "session_registry",
    "watches": "inotify_limit",
    "ways": "network_paths",
}
TASKS = {
    "converge": "apply",
    "inside": "vpc",
    "keep": "remount_timer",
    "look": "start_probes",
    "rest": "iam_and_logs",
    "seen": "wait_visible",
}


@cache
def modules() -> tuple[Path, ...]:
    files = (file for folder in CODE for file in (ROOT / folder).rglob("*.py"))
    return tuple(sorted(file for file in files if "__pycache__" not in file.parts))


def names_in(tree: ast.AST) -> Iterator[str]:
    """Yield what a program names: functions, arguments, variables, attributes and keys."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.Name(id=name):
                yield name
            case ast.arg(arg=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.Dict(keys=keys):
                yield from (key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


@pytest.mark.parametrize("folder", CODE)
def test_no_class_and_no_name_is_one_of_the_old_words(folder: str) -> None:
    found = []
    for file in modules():
        if file.relative_to(ROOT).parts[0] != folder:
            continue
        tree = ast.parse(file.read_text())
        classes = {node.name.lstrip("_") for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
        names = {name.lstrip("_") for name in names_in(tree)}
        found += [f"{file.relative_to(ROOT)}: {old} → {CLASSES[old]}" for old in sorted(classes & CLASSES.keys())]
        found += [f"{file.relative_to(ROOT)}: {old} → {NAMES[old]}" for old in sorted(names & NAMES.keys())]
    assert not found


def test_no_module_and_no_package_is_named_by_one() -> None:
    stems = {name.lstrip("_") for file in modules() for name in (*file.parent.parts, file.stem)}
    assert not stems & FILES.keys()
    assert not (ROOT / "tests/unit/plugins/mistakes").exists()


def test_no_file_of_tasks_is_named_by_one() -> None:
    assert not {file.stem for file in ROOT.glob("roles/*/tasks/*.yml")} & TASKS.keys()
