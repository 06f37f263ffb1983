# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `ssm-rsh`: a remote shell as rsync, tar and git want one, over Session Manager.

PRIVATE to the collection; `bin/ssm-rsh` runs it. Its arguments are those that rsync gives to rsh and ssh.
"""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
import socket
import sys
import typing as t
from dataclasses import dataclass

from ..session.api import Api
from ..session.client import Session
from ..session.link import open_websocket
from ..wire.channel import Event, Output
from ..wire.cipher import context
from ..wire.errors import SessionError, StartError
from ..wire.key import required_key
from .loop import HIGH_WATER, Ended, SessionLoop, Signals
from .remote_command import END_OF_INPUT, WINDOW, Answers, command_line, line, script, written

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..session.link import Link

FAILED = 255
"""What ssh returns for trouble of its own."""
_REQUIRE_VARIABLE = "ANSIBLE_AWS_SSM_REQUIRE_ENCRYPTION"
_CONNECT_SECONDS = 45.0
_PIECE = 1 << 15


@dataclass(frozen=True)
class Order:
    """The command to run."""

    target: str
    command: str
    user: str
    document: str | None
    api: Api


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> t.NoReturn:
        self.print_usage(sys.stderr)
        self.exit(FAILED, f"{self.prog}: {message}\n")


def read_order(arguments: Sequence[str]) -> Order:
    """Return what the arguments ask for; options that come after the machine are the command's own."""
    parser = _Parser(prog="ssm-rsh", description="Run a command on a machine over Session Manager, its streams joined.")
    parser.add_argument(
        "-l", dest="user", default="", help="the machine's user, by sudo if it is not the session's own"
    )
    parser.add_argument("--document", help="the session document (default: the account's preferences)")
    parser.add_argument("--region", help="the machine's region (default: that of the AWS profile)")
    parser.add_argument("--profile", help="the AWS profile (default: AWS_PROFILE)")
    parser.add_argument("machine", metavar="[USER@]INSTANCE", help="the machine's id, such as i-0123456789abcdef0")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what its shell runs; the words are joined by blanks")
    found = parser.parse_args(arguments)
    if not found.command:
        parser.error(f"{found.machine} needs a command; a shell is opened by `aws ssm start-session`.")
    user, _at, target = found.machine.rpartition("@")
    api = Api(region=found.region, profile=found.profile)
    return Order(target, " ".join(found.command), user or found.user, found.document, api)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status, or 255 after one sentence if there was none.

    Without arguments, those of the process: so an installed script calls it.
    """
    order = read_order(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(order)
    except (StartError, SessionError) as error:
        print(error, file=sys.stderr)
        return FAILED
    except Ended as end:
        return 128 + end.number
    except KeyboardInterrupt:  # before the session takes signals
        return 130


def _run(order: Order) -> int:
    started = order.api.start(order.target, order.document, f"ssm-rsh of {getpass.getuser()} on {socket.gethostname()}")
    over = False
    try:
        session = Session(
            lambda: open_websocket(started.url, os.environ.get("AWS_CA_BUNDLE"), _CONNECT_SECONDS),
            started.token,
            lambda: order.api.resume(started.session),
            lambda key, challenge: order.api.data_key(key, context(started.session, order.target, challenge)),
            required_key(os.environ.get(_REQUIRE_VARIABLE)),
        )
        try:
            mark = ":" + secrets.token_hex(4)
            session.start(_CONNECT_SECONDS, script(mark))
            with Signals() as signals:
                remote = RemoteCommand(session.link, signals, mark, command_line(order.command, order.user))
                over = remote.run()
            return remote.status()
        finally:
            over = over or session.over
            session.close()
    finally:
        if not over:
            order.api.terminate(started.session)


class RemoteCommand(SessionLoop):
    """Joins this process's streams to those of a command on the machine."""

    def __init__(self, link: Link, signals: Signals, mark: str, command: str) -> None:
        """Have the command run."""
        super().__init__(link, signals)
        self._answers = Answers(mark)
        self._reading = True
        self._told = 0
        self.channel.send(line(command.encode()))

    def status(self) -> int:
        """Return the command's exit status; SessionError if the session ended before it."""
        if self._answers.status is None:
            raise SessionError("The session was ended before the command was.")
        return self._answers.status

    def done(self) -> bool:
        """Tell whether the command has ended."""
        return self._answers.status is not None

    def sources(self) -> Sequence[int]:
        """Read input, unless too much of it is on its way."""
        return [0] if self._reading and self.channel.waiting < HIGH_WATER else []

    def on_ready(self, source: int) -> None:
        """Send input."""
        data = os.read(source, _PIECE)
        self._reading = bool(data)
        self.channel.send(line(data) if data else END_OF_INPUT)

    def on_event(self, event: Event) -> None:
        """Show output."""
        if isinstance(event, Output):
            for piece in self._answers.feed(event.data):
                self.show(piece.descriptor, piece.data)

    def on_shown(self, count: int) -> None:
        """Have the machine send more; not for each piece, as these are messages too."""
        self._told += count
        if self._told >= WINDOW // 8:
            self.channel.send(written(self._told))
            self._told = 0
