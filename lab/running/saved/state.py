# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a running lab knows and that is not a file: what the API was told, and what was agreed outside of it.

Not in it: what the plane has seen (`Observed`), which is seen anew; the caches of resolvers and of the edge, which a
power cut empties; the machines' current credentials, which they are given anew; and the owner's key, which is drawn
for each `lab up`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.backends import get_backend
from moto.core.base_backend import BackendDict

from lab.api import extensions
from lab.api.services.ec2 import addresses
from lab.context import Context
from lab.running.saved import pickling
from lab.session_registry import Agent, Session
from lab.waiting.waits import SavedWaits
from lab.world.machines.commands import Command

Backends = dict[str, dict[str, dict[str, Any]]]
"""By service, account and region."""


@dataclass(frozen=True)
class State:
    """What a world is made of, besides its files."""

    backends: Backends
    waits: SavedWaits
    agents: dict[str, Agent]
    sessions: dict[str, Session]
    commands: dict[str, Command]
    entered: dict[str, dict[str, Any]]
    """What is the context's own, by its field."""
    calls: dict[str, dict[str, set[str]]]
    history: dict[str, Any]
    last_public_address: int


_ENTERED = ("registrar_overrides", "signer_overrides", "registry_keys", "delegations", "forgeries", "newer_images")


def services() -> tuple[str, ...]:
    """Return moto's names of the services that have been used."""
    return tuple(sorted(backend.service_name for backend in BackendDict._instances))


def dump(context: Context) -> bytes:
    """Return the lab's state as bytes; the caller holds the API's lock."""
    registry = context.sessions
    state = State(
        backends={
            service.service_name: {account: dict(regions) for account, regions in service.items()}
            for service in BackendDict._instances
        },
        waits=context.waits.save(),
        agents=registry.agents,
        sessions=registry.sessions,
        commands=registry.commands,
        entered={name: getattr(context, name) for name in _ENTERED},
        calls=context.calls.seen,
        history=vars(context.history),
        last_public_address=addresses.last_public_address(),
    )
    return pickling.dump(state, _fixed(context))


def load(context: Context, data: bytes) -> None:
    """Put a state into a lab that has not begun to follow the API; its clock goes on from where the state's stood."""
    state: State = pickling.load(data, _fixed(context))
    with context.lock:
        BackendDict.reset()
        for service, accounts in state.backends.items():
            for account, regions in accounts.items():
                for region, backend in regions.items():
                    get_backend(service)[account][region] = backend
        addresses.go_on_after(state.last_public_address)
        for name, entered in state.entered.items():
            setattr(context, name, entered)
        context.calls.seen.update(state.calls)
        vars(context.history).update(state.history)
        _take_sessions(context, state)
        context.waits.resume(state.waits)
        extensions.resume(context)


def _take_sessions(context: Context, state: State) -> None:
    """Put agents, sessions and commands back; no channel outlives its process, and no agent is online unheard."""
    registry, now = context.sessions, context.clock.time()
    for agent in state.agents.values():
        agent.heard_at = float("-inf")
    for session in state.sessions.values():
        if not session.over:
            session.status, session.ended = "Terminated", now
    registry.agents.update(state.agents)
    registry.sessions.update(state.sessions)
    registry.commands.update(state.commands)


def _fixed(context: Context) -> Mapping[str, object]:
    """Return what belongs to the process: what the API's objects hold of it is another one's after they come back."""
    names = ("place", "clock", "authority", "observed", "loop", "backends", "sessions", "lock", "calls", "history")
    return {"context": context, **{name: getattr(context, name) for name in (*names, "waits", "latency")}}
