# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents and commands, filled in and told."""

from __future__ import annotations

import pytest

from lab.world.machines import commands
from lab.world.machines.session_documents import OWNED, ParameterError, fill


def test_parameters_take_their_places() -> None:
    filled = fill(OWNED["AWS-StartNonInteractiveCommand"], {"command": ["id -u"], "separateOutputStream": ["true"]})
    assert filled["properties"]["linux"] == {
        "commands": "id -u",
        "runAsElevated": False,
        "separateOutputStream": "true",
        "stdOutSeparatorPrefix": "",
        "stdErrSeparatorPrefix": "",
    }


@pytest.mark.parametrize(
    ("document", "parameters"),
    [
        ("AWS-StartInteractiveCommand", {}),
        ("AWS-StartInteractiveCommand", {"command": ["id"], "more": ["x"]}),
        ("AWS-StartSSHSession", {"portNumber": ["0"]}),
        ("AWS-StartSSHSession", {"portNumber": ["65536"]}),
        ("AWS-StartNonInteractiveCommand", {"command": ["id"], "stdErrSeparatorPrefix": ["*"]}),
    ],
)
def test_what_does_not_fit_is_refused(document: str, parameters: dict[str, list[str]]) -> None:
    with pytest.raises(ParameterError):
        fill(OWNED[document], parameters)


def test_a_script_is_read_from_both_schemas() -> None:
    assert commands.scripts(commands.RUN_SHELL_SCRIPT, {"commands": ["a", "b"], "executionTimeout": ["9"]}) == (
        commands.Script("aws:runShellScript", ("a", "b"), "", 9),
    )
    own = {
        "schemaVersion": "2.2",
        "parameters": {"who": {"type": "String", "default": "me"}},
        "mainSteps": [{"action": "aws:runShellScript", "name": "greet", "inputs": {"runCommand": ["echo {{ who }}"]}}],
    }
    assert commands.scripts(own, {"who": ["you"]}) == (commands.Script("greet", ("echo you",)),)


def test_a_step_that_the_agent_cannot_run_is_named() -> None:
    own = {"schemaVersion": "2.2", "mainSteps": [{"action": "aws:runDockerAction", "name": "x", "inputs": {}}]}
    with pytest.raises(commands.UnsupportedError, match="runDockerAction"):
        commands.scripts(own, {})


def test_a_command_that_nobody_answers_expires() -> None:
    one, other = commands.Invocation("i-1"), commands.Invocation("i-2", status="InProgress", started=10.0)
    command = commands.Command("d", (commands.Script("x", (), timeout=5),), {}, [one, other], 0.0, 100)
    command.expire(70)
    assert (one.status, other.status, command.status) == ("Pending", "InProgress", "InProgress")
    command.expire(76)
    assert (one.status, other.status) == ("Pending", "TimedOut")
    command.expire(101)
    assert commands.describe(command)["DeliveryTimedOutCount"] == 1
    assert commands.describe_invocation(command, one)["StatusDetails"] == "DeliveryTimedOut"
