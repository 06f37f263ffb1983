# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `lab`."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.base.errors import LabError
from lab.base.paths import DEFAULT_NAME, DEFAULT_PORT, LabPaths
from lab.image.recipe import RECIPES

if TYPE_CHECKING:
    from lab.base.endpoint import Endpoint


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command of the lab and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace, LabPaths], int] = options.command
        status = command(options, LabPaths(options.name))
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Who reads the output wants no more of it: https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
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

    def add(name: str, command: Callable[[argparse.Namespace, LabPaths], int], help_: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help_, description=help_)
        made.set_defaults(command=command)
        return made

    for name, command, help_ in (
        ("up", _up, "start the lab, with the world that was kept; what an earlier one left is cleaned up first"),
        ("serve", _serve, "run the lab in the foreground, as `up` does in the background"),
    ):
        starter = add(name, command, help_)
        starter.add_argument("--port", type=int, default=_port())
        starter.add_argument("--speed", type=float, help="how many times as fast as real time")
        starter.add_argument("--waits", help="none, or AWS's waits: aws, aws:FACTOR (aws:0.1)")
        starter.add_argument("--seed", type=int, help="draws the waits; the same one draws the same")
        starter.add_argument("--throttling", help="none, or AWS's rates of calls: aws, aws:SHARE")
        starter.add_argument("--consistency", help="none, or EC2's eventual one: aws, aws:FACTOR")
        starter.add_argument("--quotas", help="the account's quotas: vpcs=2,addresses=10")
        starter.add_argument("--latency", help="AWS's distance in milliseconds: rtt=60,api=150")
    starter.add_argument("--saved", type=Path, metavar="FOLDER", help="begin with a saved world")
    starter.add_argument(
        "--watched", action="store_true", help="begin with a line of the standard input, and end with it"
    )
    add("image", _image, "build the machines' image, or the one of a system, if it is not in the cache").add_argument(
        "system", nargs="?", default=next(iter(RECIPES)), choices=list(RECIPES)
    )
    ender = add("down", _down, "end the lab and remove all that bears its name, but for its snapshots")
    ender.add_argument("--keep", action="store_true", help="have the next `lab up` bring the same world back")
    taker = add("snapshot", _snapshot, "save the running lab's world under a name")
    taker.add_argument("snapshot", metavar="NAME")
    taker.add_argument("--delete", action="store_true", help="remove the snapshot of that name")
    restorer = add("restore", _restore, "bring a snapshot's world back, in the place of the lab's present one")
    restorer.add_argument("snapshot", metavar="NAME")
    restorer.add_argument("--port", type=int, default=_port())
    add("snapshots", _snapshots, "list the lab's snapshots").add_argument("--json", action="store_true")
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
    console = add("registrar", _registrar, "enter a domain's DS record at the registrar")
    console.add_argument("domain")
    record = console.add_mutually_exclusive_group(required=True)
    record.add_argument("--ds", metavar="RECORD", help="key tag, algorithm, digest type and digest")
    record.add_argument("--no-ds", action="store_true", help="remove what was entered")
    liar = add("forge", _forge, "have somebody on the way from the name servers lie about a name's address")
    liar.add_argument("domain", metavar="NAME")
    liar.add_argument("address", nargs="?", help="without one, he ends that")
    shifter = add("autoshift", _autoshift, "have AWS shift away from a zone those who have agreed to it")
    shifter.add_argument("zone", nargs="?", help="without one, AWS finds that all zones have recovered")
    add("publisher", _publisher, "have a system's publisher put a newer image behind its parameter").add_argument(
        "system", choices=list(RECIPES)
    )
    return parser


def _image(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.commands.lifecycle import build_image

    build_image(place, options.system)
    return 0


def _port() -> int | None:
    return int(os.environ["LAB_PORT"]) if "LAB_PORT" in os.environ else None


def _up(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.commands.lifecycle import up

    return _came_up(place, up(place, options.port, _given(options)))


def _came_up(place: LabPaths, endpoint: Endpoint) -> int:
    from lab.commands.lifecycle import warning

    if said := warning(place):
        print(f"lab: {said}", file=sys.stderr)
    print(f"The lab {place.name!r} is up: {endpoint.url}")
    return 0


def _serve(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.commands.starter import Starter
    from lab.running.saved.folder import SavedWorld
    from lab.running.saved.restoring import Restoring

    starter = Starter(place) if options.watched else None
    # The copies are made, and the lab's programs are loaded, while an earlier lab may still be ending.
    world = SavedWorld(options.saved, "The saved world") if options.saved else None
    restored = Restoring.begin(place, world) if world else None

    from lab.running.serve import serve
    from lab.running.settings import Settings

    if restored:
        restored.preload()
    if starter:
        starter.wait()
    serve(place, options.port or DEFAULT_PORT, Settings(**_given(options)), restored)
    return 0


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `lab up` that were given."""
    from lab.running.settings import Settings

    given = {field.name: getattr(options, field.name) for field in fields(Settings)}
    return {name: value for name, value in given.items() if value is not None}


def _down(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.commands.lifecycle import down
    from lab.running.saved.folder import snapshots

    down(place, keep=options.keep)
    left = snapshots(place)
    print(f"The lab {place.name!r} is {'down; `lab up` brings its world back' if options.keep else 'gone'}.")
    if left:
        print(f"Its snapshots stay: {', '.join(left)}.")
    return 0


def _snapshot(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.base.endpoint import require
    from lab.commands.snapshots import delete, summary, summary_size
    from lab.running.saved import orders

    if options.delete:
        delete(place, options.snapshot)
        print(f"The snapshot {options.snapshot!r} is removed.")
        return 0
    require(place)
    saved = orders.snapshot(place, options.snapshot)
    print(f"The snapshot {options.snapshot!r} is taken: {summary(saved.contents)}, {summary_size(saved.size)}.")
    return 0


def _restore(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.commands.lifecycle import restore
    from lab.running.saved.folder import existing_snapshot

    return _came_up(place, restore(place, options.port, existing_snapshot(place, options.snapshot)))


def _snapshots(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.commands.snapshots import listing, table

    found = listing(place)
    print(json.dumps(found, indent=2) if options.json else table(found))
    return 0


def _status(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.running.status import fetch, table

    status = fetch(place)
    print(json.dumps(status, indent=2) if options.json else table(status))
    return 0


def _timeline(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.waiting.timeline import fetch, picture, table

    found = fetch(place, options.since)
    if options.picture:
        picture(found, options.picture)
    print(json.dumps(found.data(), indent=2) if options.json else table(found))
    return 0


def _calls(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.base.calls import fetch, table

    calls = fetch(place, forget=options.forget)
    print(json.dumps(calls, indent=2) if options.json else table(calls))
    return 0


def _env(_options: argparse.Namespace, place: LabPaths) -> int:
    from lab.base.endpoint import environment

    for name, value in environment(place).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _exec(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.commands.shell import command_at

    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    command = command_at(place, options.where, words or ["bash"])
    os.execvp(command[0], command)  # noqa: S606  the list is ours, the user's words are its end


def _browse(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.base.endpoint import require
    from lab.commands.browser import opened, warning

    require(place)
    if said := warning():
        print(f"lab: {said}", file=sys.stderr)
    with opened(place) as browser:
        tab = browser.tab()
        tab.go(options.url)
        print(tab.picture(Path.cwd() / "build" / "browse.png"))
    return 0


def _break(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.faults.breaking import break_

    fault = break_(place, options.fault, options.site, options.machine)
    print(f"{fault.name} is made. To take it back: `lab mend {fault.name}`")
    return 0


def _mend(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.faults.breaking import mend

    fault = mend(place, options.fault)
    print(f"{fault.name} is mended.")
    return 0


def _registrar(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.commands.outsiders import enter_signer

    print(enter_signer(place, options.domain, options.ds))
    return 0


def _forge(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.commands.outsiders import forge

    print(forge(place, options.domain, options.address))
    return 0


def _autoshift(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.commands.autoshift import autoshift

    print(autoshift(place, options.zone))
    return 0


def _publisher(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.commands.outsiders import publish_image

    print(publish_image(place, options.system))
    return 0


def _faults(options: argparse.Namespace, place: LabPaths) -> int:
    from lab.faults.breaking import listing, states

    found = states(place)
    print(json.dumps([asdict(state) for state in found], indent=2) if options.json else listing(found))
    return 0
