# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines that run a module, and those that must be left to a shell."""

from __future__ import annotations

import shlex

import pytest
from ansible.plugins.loader import become_loader, shell_loader
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.plugin_utils._warm.command import startup_environ, understand

PAYLOAD = b"#!/usr/bin/python3\nprint()\n"
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True)
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


ENVIRONS = st.dictionaries(NAMES, VALUES, max_size=4)


def leaf(environ: dict[str, str]) -> str:
    return "".join(f"{name}={shlex.quote(value)} " for name, value in environ.items()) + "/usr/bin/python3.11"


@given(ENVIRONS, st.sampled_from(["/bin/sh", "/bin/bash"]))
def test_any_environment_is_read(environ: dict[str, str], shell: str) -> None:
    command = understand(f"{shell} -c {shlex.quote(leaf(environ))}", PAYLOAD)
    assert command
    assert command.plain
    assert command.interpreter == "/usr/bin/python3.11"
    assert command.environ == {name.encode(): value.encode() for name, value in environ.items()}


@settings(max_examples=30)
@given(ENVIRONS, st.text(st.characters(categories=["L"]), max_size=8))
def test_become_stays_around_the_interpreter(environ: dict[str, str], argument: str) -> None:
    plugin = become_loader.get("ansible.builtin.sudo")
    plugin.set_options(direct={"become_user": "some one", "become_pass": "secret", "become_exe": None})
    shell = shell_loader.get("ansible.builtin.sh")
    shell.executable = "/bin/sh"
    lines = [
        f"/bin/sh -c {shlex.quote(plugin.build_become_command(leaf(environ), shell))}",
        f"/bin/sh -c {shlex.quote(plugin.build_become_command(leaf({**environ, 'ZZ': 'other'}), shell))}",
    ]
    first, second = (understand(line, PAYLOAD) for line in lines)
    assert first
    assert second
    assert not first.plain
    assert first.line() == lines[0] != lines[1]
    assert first.identity == second.identity
    words = shlex.split(shlex.split(first.line("-c", argument))[-1])
    while "python" in words[-1]:
        words = shlex.split(words[-1])
    assert words[-2:] == ["-c", argument]


@pytest.mark.parametrize(
    "command",
    [
        "/bin/sh -c '/usr/bin/python3 && sleep 1'",
        "/bin/sh -c /usr/bin/python3 && sleep 0",
        "/bin/sh -c '/usr/bin/python3 /tmp/module.py'",
        "/bin/sh -c 'A=$HOME /usr/bin/python3'",
        "/bin/sh -c 'A=`id` /usr/bin/python3'",
        "/bin/sh -c 'A=~ /usr/bin/python3'",
        "/bin/sh -c 'cd /tmp && /usr/bin/python3'",
        "/bin/sh -c '/usr/bin/env python3'",
        "/bin/sh -c python3",
        "/bin/sh -c /usr/bin/perl",
        "/bin/sh -c '/usr/bin/python3 <other'",
        "/bin/sh -c 'A=1'",
        "/bin/sh -c ''",
        "/bin/sh -c 'A=1 A=2 /usr/bin/python3'",
        "/bin/sh -xc /usr/bin/python3",
        "sudo -H -S -n -u root /bin/sh -c 'echo BECOME-SUCCESS-x ; /usr/bin/python3' && true",
        "sudo -H -S -n -u root /bin/sh -c 'echo SUCCESS ; /usr/bin/python3'",
        "/usr/bin/python3",
        "/bin/sh -c '/usr/bin/python3",
        "",
    ],
)
def test_what_is_more_than_a_module_is_left_to_a_shell(command: str) -> None:
    assert understand(command, PAYLOAD) is None


@pytest.mark.parametrize("line", ["/opt/visitor -c /usr/bin/python3", "/bin/sh -c 'su x -c /usr/bin/python3'"])
def test_what_is_around_is_not_plain(line: str) -> None:
    command = understand(line, PAYLOAD)
    assert command
    assert not command.plain


def test_what_older_cores_append_stays() -> None:
    line = "/bin/sh -c 'A=1 /usr/bin/python3 && sleep 0'"
    command = understand(line, PAYLOAD)
    assert command
    assert command.plain
    assert command.line() == line
    assert command.line("-I") == "/bin/sh -c 'A=1 /usr/bin/python3 -I && sleep 0'"


@pytest.mark.parametrize("stdin", [None, b"", b"print()", b"#!/bin/sh\n", b"#!/usr/bin/perl\n#!python\n"])
def test_what_is_no_module_is_left_to_a_shell(stdin: bytes | None) -> None:
    assert understand("/bin/sh -c /usr/bin/python3", stdin) is None


@given(st.text(max_size=200))
def test_no_text_breaks_it(command: str) -> None:
    assert understand(command, PAYLOAD) is None or command.startswith("/")


def test_what_an_interpreter_reads_when_it_starts() -> None:
    environ = {
        b"HOME": b"/root",
        b"HOMES": b"",
        b"LC_ALL": b"C",
        b"PYTHONPATH": b"/x",
        b"AWS_REGION": b"r",
        b"XLANG": b"x",
    }
    assert startup_environ(environ) == {b"HOME": b"/root", b"LC_ALL": b"C", b"PYTHONPATH": b"/x"}
