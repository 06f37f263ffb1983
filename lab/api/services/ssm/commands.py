# SPDX-License-Identifier: GPL-3.0-or-later
"""SSM's Run Command: scripts really run on the machines, by their agents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.ssm.exceptions import InvalidDocument, SSMException
from moto.ssm.responses import SimpleSystemManagerResponse

from lab.api.moto.extension import adds, replaces
from lab.api.services.ssm.instances import describe as describe_agent
from lab.api.services.ssm.instances import paged, present, tags_of
from lab.context import Context
from lab.world.machines.commands import (
    Command,
    Invocation,
    Script,
    UnsupportedError,
    describe,
    describe_invocation,
    list_invocation,
    scripts,
)
from lab.world.machines.session_documents import ParameterError

_DELIVERY = 3600


def extend(context: Context) -> None:
    """Replace moto's fake success."""
    _send(context)
    _tell(context)
    _list_invocations(context)


def _send(context: Context) -> None:
    registry = context.sessions

    @replaces(SimpleSystemManagerResponse, "send_command")
    def send_command(_original: Callable[..., Any], self: Any) -> ActionResult:
        name = self._get_param("DocumentName") or ""
        parameters = self._get_param("Parameters") or {}
        targets = self._get_param("Targets") or []
        steps = _steps(self.ssm_backend, name, parameters)
        command = Command(
            document_name=name,
            scripts=steps,
            parameters=parameters,
            invocations=[Invocation(instance) for instance in _chosen(context, self, targets)],
            requested=context.clock.time(),
            timeout=self._get_int_param("TimeoutSeconds") or _DELIVERY,
            comment=self._get_param("Comment") or "",
            targets=targets,
        )
        registry.commands[command.id] = command
        for invocation in command.invocations:
            registry.run(command, invocation)
        return ActionResult({"Command": describe(command)})


def _chosen(context: Context, call: Any, targets: list[Mapping[str, Any]]) -> list[str]:
    """Return the instances that a command is for; those named must have an agent that is there."""
    agents = {agent.instance: agent for agent in present(context, call.region)}
    named = list(dict.fromkeys(call._get_param("InstanceIds") or []))
    absent = [instance for instance in named if instance not in agents or not agents[instance].online]
    if absent:
        raise SSMException(
            "InvalidInstanceId",
            f"Instances [[{', '.join(absent)}]] not in a valid state for account {call.current_account}",
        )
    if not named and not targets:
        raise SSMException("ValidationException", "A command needs InstanceIds or Targets.")
    chosen = [agent for agent in agents.values() if targets and _targeted(context, agent, targets)]
    return named or [agent.instance for agent in chosen if agent.online]


def _targeted(context: Context, agent: Any, targets: list[Mapping[str, Any]]) -> bool:
    facts = {"InstanceIds": describe_agent(agent)["InstanceId"]}
    facts |= {f"tag:{key}": value for key, value in tags_of(context, agent).items()}
    return all(facts.get(target["Key"]) in target["Values"] for target in targets)


def _steps(backend: Any, name: str, parameters: Mapping[str, Any]) -> tuple[Script, ...]:
    try:
        document = backend._get_documents(name).get_default_version()
        if document.document_type != "Command":
            raise SSMException("InvalidDocument", f"Document {name} is of type {document.document_type}, not Command.")
        return scripts(document.content_json, parameters)
    except InvalidDocument as error:
        raise SSMException("InvalidDocument", f"Document with name {name} does not exist.") from error
    except ParameterError as error:
        raise SSMException("InvalidParameters", str(error)) from error
    except UnsupportedError as error:
        raise SSMException("InvalidDocument", str(error)) from error


def _tell(context: Context) -> None:
    registry = context.sessions

    @replaces(SimpleSystemManagerResponse, "list_commands")
    def list_commands(_original: Callable[..., Any], self: Any) -> ActionResult:
        listed = [
            describe(command)
            for command in _asked(context, self)
            if self._get_param("InstanceId") in (None, *(invocation.instance for invocation in command.invocations))
        ]
        return ActionResult(
            paged("Commands", listed, self._get_param("NextToken"), self._get_int_param("MaxResults") or 50)
        )

    @replaces(SimpleSystemManagerResponse, "get_command_invocation")
    def get_command_invocation(_original: Callable[..., Any], self: Any) -> ActionResult:
        command = registry.commands.get(self._get_param("CommandId") or "")
        found = (
            [invocation for invocation in command.invocations if invocation.instance == self._get_param("InstanceId")]
            if command
            else []
        )
        plugin = self._get_param("PluginName")
        if not command or not found or (plugin and plugin not in {script.name for script in command.scripts}):
            raise SSMException("InvocationDoesNotExist", "The command has no such invocation.")
        command.expire(context.clock.time())
        return ActionResult(describe_invocation(command, found[0]))


def _list_invocations(context: Context) -> None:
    @adds(SimpleSystemManagerResponse, "list_command_invocations")
    def list_command_invocations(self: Any) -> ActionResult:
        listed = [
            list_invocation(command, invocation, details=bool(self._get_param("Details")))
            for command in _asked(context, self)
            for invocation in command.invocations
            if self._get_param("InstanceId") in (None, invocation.instance)
        ]
        size = self._get_int_param("MaxResults") or 50
        return ActionResult(paged("CommandInvocations", listed, self._get_param("NextToken"), size))


def _asked(context: Context, call: Any) -> list[Command]:
    wanted = call._get_param("CommandId")
    commands = [command for command in context.sessions.commands.values() if wanted in (None, command.id)]
    if wanted and not commands:
        raise SSMException("InvalidCommandId", f"The command {wanted} does not exist.")
    for command in commands:
        command.expire(context.clock.time())
    return commands[::-1]
