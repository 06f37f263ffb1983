# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab's state as bytes, and back in another lab's process."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from moto.backends import get_backend, list_of_moto_modules
from moto.core.base_backend import BackendDict

from lab.base.backends import ACCOUNT
from lab.base.clock import Clock
from lab.running.saved import pickling, state
from lab.session_registry import Session
from lab.waiting.table import wait_policy
from tests.unit.lab.served import serve
from tests.unit.lab.site_account import SiteAccount


@pytest.mark.slow
def test_a_built_site_answers_in_another_lab_as_it_did_in_the_first(tmp_path: Path) -> None:
    with serve(tmp_path) as first:
        site = SiteAccount(first)
        site.build()
        before = site.answers()
        data = state.dump(first.context)
        clock = first.context.clock
        clock = Clock.resumed(clock.speed, clock.monotonic(), clock.time())
    with serve(tmp_path, clock=clock) as second:
        state.load(second.context, data)
        site.served = second
        after = site.answers()
    assert [told for key, told in before.items() if key in site.asked and "Code" in told] == []
    assert differences(before, after) == {}


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {key: (told, after.get(key)) for key, told in before.items() if after.get(key) != told}


class Own(dict[str, list[str]]):
    """As S3's store of versions: it shows less than it holds, and takes what it is given for one more."""

    __module__ = "lab.tests"

    def items(self) -> Any:
        return ((key, value[-1:]) for key, value in super().items())

    def __setitem__(self, key: str, value: list[str]) -> None:
        super().__setitem__(key, ["taken", *value])


def test_what_a_mapping_holds_comes_back_not_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lab.tests", sys.modules[__name__])
    made = Own()
    dict.__setitem__(made, "key", ["first", "second"])
    assert dict.items(pickling.load(pickling.dump(made, {}), {})) == {"key": ["first", "second"]}.items()


def test_locks_and_keys_come_back_and_what_is_the_process_s_is_the_new_one_s() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    there = pickling.dump([threading.RLock(), key, key.public_key(), lambda: 7, old := object()], {"clock": old})
    lock, private, public, seven, clock = pickling.load(there, {"clock": (new := object())})
    assert lock.acquire(blocking=False)
    assert private.private_numbers() == key.private_numbers()
    assert public.public_numbers() == key.public_key().public_numbers()
    assert (seven(), clock) == (7, new)


def test_a_chain_of_objects_as_long_as_an_account_s_is_followed_to_its_end() -> None:
    chain: list[Any] = []
    for _ in range(2000):
        chain = [chain]
    assert pickling.load(pickling.dump(chain, {}), {}) == chain


def test_every_service_of_moto_can_be_saved() -> None:
    for name in sorted(set(list_of_moto_modules())):
        with suppress(AttributeError):  # a module that is no service
            found = get_backend(name)
            if isinstance(found, BackendDict):
                regions = found[ACCOUNT]
                backend = regions["us-east-1" if "us-east-1" in regions else "aws"]
                assert type(pickling.load(pickling.dump(backend, {}), {})) is type(backend)


def test_without_waits_what_waited_is_done_at_once(tmp_path: Path) -> None:
    policy = wait_policy("aws", 0)
    with serve(tmp_path, wait_policy=policy) as first:
        efs = first.client("efs")
        system = efs.create_file_system(CreationToken="t")["FileSystemId"]
        efs.delete_file_system(FileSystemId=system)
        data = state.dump(first.context)
    with serve(tmp_path) as second:
        state.load(second.context, data)
        efs = second.client("efs")
        assert [each["LifeCycleState"] for each in efs.describe_file_systems()["FileSystems"]] == ["deleting"]
        second.context.loop.run_until_complete(asyncio.sleep(0.5))
        assert efs.describe_file_systems()["FileSystems"] == []


def test_what_was_agreed_outside_of_the_api_comes_back(tmp_path: Path) -> None:
    with serve(tmp_path) as first:
        first.context.delegations = {"hasite.test": ("ns-1.example",)}
        first.context.registrar_overrides["other.test"] = ("ns-2.example",)
        first.context.forgeries["www.hasite.test"] = "192.0.2.1"
        first.context.newer_images["debian-12"] = 3
        keys = {name: found.dnskeys for name, found in first.context.registry_keys.items()}
        first.context.calls.note("arn", "s3:GetObject", "key")
        data = state.dump(first.context)
    with serve(tmp_path) as second:
        state.load(second.context, data)
        assert second.context.delegations == {"hasite.test": ("ns-1.example",)}
        assert second.context.registrar_overrides == {"other.test": ("ns-2.example",)}
        assert second.context.forgeries == {"www.hasite.test": "192.0.2.1"}
        assert second.context.newer_images == {"debian-12": 3}
        assert {name: found.dnskeys for name, found in second.context.registry_keys.items()} == keys
        assert second.context.calls.seen == {"arn": {"s3:GetObject": {"key"}}}


def test_sessions_are_over_and_agents_unheard_in_a_lab_that_comes_back(tmp_path: Path) -> None:
    with serve(tmp_path) as first:
        first.context.sessions.hear("i-1", "ap-northeast-1", {}, 5.0)
        first.context.sessions.add(
            Session("s-1", "ap-northeast-1", "i-1", "d", {}, {}, "me", "", started=1.0, active=1.0, status="Connected")
        )
        assert first.context.sessions.agents["i-1"].online
        data = state.dump(first.context)
    with serve(tmp_path) as second:
        state.load(second.context, data)
        (session,) = second.context.sessions.sessions.values()
        assert (session.status, session.over) == ("Terminated", True)
        agent = second.context.sessions.agents["i-1"]
        assert (agent.registered, agent.ping_status) == (5.0, "ConnectionLost")


def test_the_clock_of_a_world_that_comes_back_is_that_of_a_suspended_computer() -> None:
    late = Clock.resumed(4.0, monotonic=100.0, wall=time.time() + 1000)
    assert late.monotonic() == pytest.approx(100, abs=2)
    assert late.time() == pytest.approx(time.time() + 1000, abs=2), "it never goes back"
    early = Clock.resumed(4.0, monotonic=100.0, wall=time.time() - 1000)
    assert early.monotonic() == pytest.approx(100, abs=2)
    assert early.time() == pytest.approx(time.time(), abs=2), "it is not behind the host's"
