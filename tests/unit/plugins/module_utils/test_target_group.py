# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils._target_group import refuse_to_empty


def target(name: str, state: str) -> dict[str, Any]:
    return {"id": name, "port": 80, "state": state}


def leaving(*names: str) -> list[dict[str, Any]]:
    return [{"Id": name, "Port": 80} for name in names]


@pytest.mark.parametrize("other", ["unhealthy", "initial", "draining", "unused"])
def test_the_last_healthy_target_is_not_taken_out(other: str) -> None:
    with pytest.raises(AnsibleAWSError, match=f"Without i-a the target group demo would have 0 .*i-b is {other}"):
        refuse_to_empty("demo", leaving("i-a"), [target("i-a", "healthy"), target("i-b", other)], 1)


@pytest.mark.parametrize("override", ["zonal_shift_active", "zonal_shift_delegated_to_dns"])
def test_a_target_that_visitors_are_kept_away_from_is_not_one_that_stays(override: str) -> None:
    away = {**target("i-b", "healthy"), "override": override}
    with pytest.raises(
        AnsibleAWSError, match=r"Without i-a the target group demo would have 0 .*i-b is in a zone that is"
    ):
        refuse_to_empty("demo", leaving("i-a"), [target("i-a", "healthy"), away], 1)
    refuse_to_empty("demo", leaving("i-b"), [target("i-a", "healthy"), away], 1)
    refuse_to_empty("demo", leaving("i-a"), [target("i-a", "healthy"), {**away, "override": "no_override"}], 1)


def test_others_are_taken_out() -> None:
    both = [target("i-a", "healthy"), target("i-b", "healthy")]
    refuse_to_empty("demo", leaving("i-a"), both, 1)
    refuse_to_empty("demo", leaving("i-a"), [target("i-a", "unhealthy"), target("i-b", "unhealthy")], 1)
    refuse_to_empty("demo", [], [target("i-a", "healthy")], 1)
    refuse_to_empty("demo", leaving("i-a", "i-b"), both, 0)
    with pytest.raises(AnsibleAWSError, match="there is no other target"):
        refuse_to_empty("demo", leaving("i-a", "i-b"), both, 1)
