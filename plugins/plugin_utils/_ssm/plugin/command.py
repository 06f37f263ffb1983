# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `session-manager-plugin`, as the AWS CLI and `amazon.aws.aws_ssm` call it.

PRIVATE to the collection; `bin/session-manager-plugin` runs it. Where it is better than AWS's own
program it says so in `docs/ssm.md`; what callers read of that one's output is the same here.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import typing as t
from dataclasses import dataclass, field

from ..session.api import Api, check_stream
from ..session.link import Link, open_websocket
from ..wire.channel import Ready
from ..wire.cipher import context
from ..wire.errors import SessionError, StartError
from ..wire.frames import CLIENT_VERSION
from ..wire.key import required_key
from .loop import Ended, SessionLoop, Signals, beginning
from .port import Forward, Pipe
from .terminal import Terminal

if t.TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

_RESPONSE_VARIABLE = "AWS_SSM_START_SESSION_RESPONSE"
"""Arguments can be read by other users; so a newer caller names an environment variable."""
_REQUIRE_VARIABLE = "ANSIBLE_AWS_SSM_REQUIRE_ENCRYPTION"
"""The connection's option, as a variable of the environment."""
_CONNECT_SECONDS = 45.0
_USAGE = (
    "This is a session-manager-plugin: the AWS CLI runs it for `aws ssm start-session`.\n"
    "usage: session-manager-plugin RESPONSE REGION StartSession [PROFILE REQUEST ENDPOINT] | --version"
)


class UsageError(Exception):
    """Arguments that no caller of a session-manager-plugin gives."""


@dataclass(frozen=True)
class Order:
    """The session to serve."""

    session: str
    url: str
    token: str = field(repr=False)
    api: Api
    target: str = ""
    shell: bool = True
    """False when parameters make a command of the session: the session itself says what it is only if encrypted."""


def read_order(arguments: Sequence[str], environment: MutableMapping[str, str]) -> Order:
    """Return what the arguments ask for; the variable that holds the token is taken away."""
    if len(arguments) not in (3, 6) or arguments[2] != "StartSession":
        raise UsageError(_USAGE)
    response, region = arguments[:2]
    profile, request, endpoint = arguments[3:] or ("", "{}", "")
    if response.startswith(_RESPONSE_VARIABLE):
        response = environment.pop(response, "")
    try:
        started, asked = json.loads(response), json.loads(request or "{}")
        return Order(
            started["SessionId"],
            started["StreamUrl"],
            started["TokenValue"],
            Api(region=region or None, profile=profile or None, endpoint_url=endpoint or None),
            str(asked.get("Target", "")),
            not asked.get("Parameters"),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"The answer to StartSession, or the request, is not what it should be: {error!r}.") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 whatever the remote command returned, as AWS's own program has it.

    Without arguments, those of the process: so an installed script calls it.
    """
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        # Nobody reads any more; without this, Python would say so once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE


def _run(arguments: Sequence[str]) -> int:
    if list(arguments) == ["--version"]:
        print(CLIENT_VERSION)
        return 0
    try:
        order = read_order(arguments, os.environ)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    over = False
    try:
        with Signals() as signals:
            print(f"\nStarting session with SessionId: {order.session}", flush=True)
            over = _serve(order, signals)
    except SessionError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except Ended as end:
        if end.number != signal.SIGINT:  # the way in which a person ends a forwarding session
            return 128 + end.number
    finally:
        if not over:
            order.api.terminate(order.session)
    print(f"\n\nExiting session with sessionId: {order.session}.\n", flush=True)
    return 0


def _serve(order: Order, signals: Signals) -> bool:
    """Serve the session to its end; return whether the service has ended it."""
    ca_file = os.environ.get("AWS_CA_BUNDLE")
    try:
        check_stream(order.url, order.api.endpoint)
    except StartError as error:
        raise SessionError(str(error)) from error
    link = Link(
        lambda: open_websocket(order.url, ca_file, _CONNECT_SECONDS),
        order.token,
        lambda: order.api.resume(order.session),
        lambda key, challenge: order.api.data_key(key, context(order.session, order.target, challenge)),
        required_key=required_key(os.environ.get(_REQUIRE_VARIABLE)),
    )
    try:
        events = beginning(link, signals)
        ready = next((event for event in events if isinstance(event, Ready)), Ready())
        return _front(link, signals, ready, order).run(events)
    finally:
        link.close()


def _front(link: Link, signals: Signals, ready: Ready, order: Order) -> SessionLoop:
    if ready.message:
        print(ready.message, flush=True)
    if ready.session_type != "Port":
        interactive = ready.session_type != "NonInteractiveCommands"
        return Terminal(link, signals, interactive=interactive, shell=order.shell)
    forwarding = isinstance(ready.properties, dict) and ready.properties.get("type")
    return Forward(link, signals, ready, order.session) if forwarding == "LocalPortForwarding" else Pipe(link, signals)
