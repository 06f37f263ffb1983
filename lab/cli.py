# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `lab`."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.place import DEFAULT_NAME, DEFAULT_PORT, Place

if TYPE_CHECKING:
    from lab.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command of the lab and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace, Place], int] = options.command
        return command(options, Place(options.name))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="AWS on this machine, with packets that really flow.")
    parser.add_argument(
        "--name",
        default=os.environ.get("LAB_NAME", DEFAULT_NAME),
        help="which lab (default: $LAB_NAME, else %(default)s)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace, Place], int], help_: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help_, description=help_)
        made.set_defaults(command=command)
        return made

    for name, command, help_ in (
        ("up", _up, "start the lab; what an earlier one left behind is cleaned up first"),
        ("serve", _serve, "run the lab in the foreground, as `up` does in the background"),
    ):
        starter = add(name, command, help_)
        starter.add_argument("--port", type=int, default=int(os.environ.get("LAB_PORT", DEFAULT_PORT)))
        starter.add_argument("--speed", type=float, default=1.0, help="how many times as fast as real time")
        starter.add_argument("--waits", default="none", help="none, or AWS's waits: aws, aws:FACTOR (aws:0.1)")
        starter.add_argument("--seed", type=int, default=0, help="draws the waits; the same one draws the same")
        starter.add_argument("--latency", default="", help="AWS's distance in milliseconds: rtt=60,api=150")
    add("image", _image, "build the machines' image if it is not in the cache")
    add("down", _down, "end the lab and remove all that bears its name")
    add("status", _status, "show the world as a table").add_argument("--json", action="store_true")
    line = add("timeline", _timeline, "show which resource waited for AWS when, and the critical path")
    line.add_argument("--json", action="store_true")
    line.add_argument("--picture", type=Path, metavar="FILE", help="draw it, as .svg, .png or .pdf")
    line.add_argument("--since", type=float, default=0.0, metavar="SECONDS", help="lab seconds since it came up")
    called = add("calls", _calls, "show which actions of AWS were called, by whom")
    called.add_argument("--json", action="store_true")
    called.add_argument("--forget", action="store_true", help="begin anew after that")
    add("env", _env, "print what a shell needs to talk to the lab's API")
    runner = add("exec", _exec, "run a command on a machine (instance id or Name tag) or as the visitor (client)")
    runner.add_argument("where", metavar="MACHINE|client")
    runner.add_argument("words", metavar="COMMAND", nargs=argparse.REMAINDER)
    add("browse", _browse, "show an address as a visitor's browser sees it").add_argument("url")
    breaker = add("break", _break, "make a mistake for real: one of those that `lab faults` lists")
    breaker.add_argument("fault", metavar="NAME")
    breaker.add_argument("--machine", help="on which machine, or in whose zone (default: the first one by name)")
    breaker.add_argument("--site", help="at which site (default: demo, or the only one)")
    add("mend", _mend, "take a mistake back").add_argument("fault", metavar="NAME")
    add("faults", _faults, "list the mistakes that can be made, and which are made now").add_argument(
        "--json", action="store_true"
    )
    return parser


def _image(_options: argparse.Namespace, place: Place) -> int:
    from lab.lifecycle import build_image

    build_image(place)
    return 0


def _up(options: argparse.Namespace, place: Place) -> int:
    from lab.lifecycle import up, warning

    endpoint = up(place, options.port, _settings(options))
    if said := warning(place):
        print(f"lab: {said}", file=sys.stderr)
    print(f"The lab {place.name!r} is up: {endpoint.url}")
    return 0


def _serve(options: argparse.Namespace, place: Place) -> int:
    from lab.serve import serve

    serve(place, options.port, _settings(options))
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    from lab.settings import Settings

    return Settings(options.speed, options.waits, options.seed, options.latency)


def _down(_options: argparse.Namespace, place: Place) -> int:
    from lab.lifecycle import down

    down(place)
    print(f"The lab {place.name!r} is gone.")
    return 0


def _status(options: argparse.Namespace, place: Place) -> int:
    from lab.status import fetch, table

    status = fetch(place)
    print(json.dumps(status, indent=2) if options.json else table(status))
    return 0


def _timeline(options: argparse.Namespace, place: Place) -> int:
    from lab.timeline import fetch, picture, table

    found = fetch(place, options.since)
    if options.picture:
        picture(found, options.picture)
    print(json.dumps(found.data(), indent=2) if options.json else table(found))
    return 0


def _calls(options: argparse.Namespace, place: Place) -> int:
    from lab.calls import fetch, table

    calls = fetch(place, forget=options.forget)
    print(json.dumps(calls, indent=2) if options.json else table(calls))
    return 0


def _env(_options: argparse.Namespace, place: Place) -> int:
    from lab.endpoint import environment

    for name, value in environment(place).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _exec(options: argparse.Namespace, place: Place) -> int:
    from lab.visit import command_at

    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    command = command_at(place, options.where, words or ["bash"])
    os.execvp(command[0], command)  # noqa: S606  the list is ours, the user's words are its end


def _browse(options: argparse.Namespace, place: Place) -> int:
    from lab.browser import opened, warning
    from lab.endpoint import require

    require(place)
    if said := warning():
        print(f"lab: {said}", file=sys.stderr)
    with opened(place) as browser:
        tab = browser.tab()
        tab.go(options.url)
        print(tab.picture(Path.cwd() / "build" / "browse.png"))
    return 0


def _break(options: argparse.Namespace, place: Place) -> int:
    from lab.faults.breaking import break_

    fault = break_(place, options.fault, options.site, options.machine)
    print(f"{fault.name} is made. To take it back: `lab mend {fault.name}`")
    return 0


def _mend(options: argparse.Namespace, place: Place) -> int:
    from lab.faults.breaking import mend

    fault = mend(place, options.fault)
    print(f"{fault.name} is mended.")
    return 0


def _faults(options: argparse.Namespace, place: Place) -> int:
    from lab.faults.breaking import listing, states

    found = states(place)
    print(json.dumps([asdict(one) for one in found], indent=2) if options.json else listing(found))
    return 0
