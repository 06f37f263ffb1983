# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that is not heard any more, and a session in which nobody says anything, each in a world of its own.

An earlier world's API is gone when another one begins, so these are not with the tests that share one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.plugin_utils._ssm.wire.channel import Closed
from tests.unit.lab.session_world import CORE, SessionWorld


def test_a_role_without_permission_is_not_connected(tmp_path: Path) -> None:
    world = SessionWorld(tmp_path)
    try:
        world.client("iam").detach_role_policy(RoleName="web", PolicyArn=CORE)
        world.start_agent()
        log = tmp_path / "agent.log"
        world.wait_for(lambda: b"AccessDeniedException" in log.read_bytes())
        assert not world.connected
        assert not world.listed
        world.client("iam").attach_role_policy(RoleName="web", PolicyArn=CORE)
        world.wait_for(lambda: world.connected and bool(world.listed))
        world.agents[0].kill()
        world.wait_for(lambda: not world.connected)
    finally:
        world.close()


@pytest.mark.slow
def test_an_idle_session_ends(tmp_path: Path) -> None:
    world = SessionWorld(tmp_path, speed=200)
    try:
        world.start_agent()
        world.wait_for(lambda: world.connected)
        talk = world.open("AWS-StartInteractiveCommand", command="sleep 60")
        talk.until_closed()
        (closed,) = (event for event in talk.events if isinstance(event, Closed))
        assert "idle" in closed.output or "agent" in closed.output
    finally:
        world.close()
