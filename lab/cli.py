# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `lab`."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from lab.errors import LabError
from lab.place import DEFAULT_NAME, DEFAULT_PORT, Place


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
    add("image", _image, "build the machines' image if it is not in the cache")
    add("down", _down, "end the lab and remove all that bears its name")
    add("status", _status, "show the world as a table").add_argument("--json", action="store_true")
    add("env", _env, "print what a shell needs to talk to the lab's API")
    runner = add("exec", _exec, "run a command on a machine (instance id or Name tag) or as the visitor (client)")
    runner.add_argument("where", metavar="MACHINE|client")
    runner.add_argument("words", metavar="COMMAND", nargs=argparse.REMAINDER)
    add("browse", _browse, "show an address as a visitor's browser sees it").add_argument("url")
    return parser


def _image(_options: argparse.Namespace, place: Place) -> int:
    from lab.lifecycle import build_image

    build_image(place)
    return 0


def _up(options: argparse.Namespace, place: Place) -> int:
    from lab.lifecycle import up

    endpoint = up(place, options.port, options.speed)
    print(f"The lab {place.name!r} is up: {endpoint.url}")
    return 0


def _serve(options: argparse.Namespace, place: Place) -> int:
    from lab.serve import serve

    serve(place, options.port, options.speed)
    return 0


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


def _env(_options: argparse.Namespace, place: Place) -> int:
    from lab.lifecycle import environment

    for name, value in environment(place).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _exec(options: argparse.Namespace, place: Place) -> int:
    from lab.visit import command_at

    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    command = command_at(place, options.where, words or ["bash"])
    os.execvp(command[0], command)  # noqa: S606  the list is ours, the user's words are its end


def _browse(options: argparse.Namespace, place: Place) -> int:
    from lab.browser import opened
    from lab.endpoint import require

    require(place)
    with opened(place) as browser:
        tab = browser.tab()
        tab.go(options.url)
        print(tab.picture(Path.cwd() / "build" / "browse.png"))
    return 0
