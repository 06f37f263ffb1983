# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: how machines are reached (stumbling block 1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from .evidence import Evidence
from .finding import CONFIGURE, CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .known.balancing import Target
from .known.machines import Instance, StatusChecks
from .needs import INSIDE
from .places import acl_remedy, blocked, by_stop, display_name, on, stopped_by, where_of
from .policies import SESSION_ACTIONS, lacks, lets_assume, titles

AREA = Area("access")
REBOOT = timedelta(minutes=5)
"""How long a machine that is starting again may be away; the agent reports each five minutes at least
(https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html)."""
UNANSWERED = ("Target.Timeout", "Target.FailedHealthChecks")
"""Why a target is unhealthy that has not answered at all."""


def out_of_reach(evidence: Evidence) -> list[Instance]:
    """Return the running machines that Session Manager does not reach, by its own word or by our trying."""
    if evidence.unread("ssm: instance information"):
        return [instance for instance in evidence.running if instance.instance_id in evidence.silent]
    return [
        instance
        for instance in evidence.running
        if instance.ssm_ping_status != "Online" or instance.instance_id in evidence.silent
    ]


@AREA.rule(
    RuleInfo(
        "machine-stopped",
        CRITICAL,
        "A machine that is left serves alone; with none of them there is no site.",
        f"Start it, or let the playbooks do it: {PROVISION}",
        ("machine-unreachable", "target-unhealthy"),
    ),
    "ec2: instances",
)
def machine_stopped(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine does not run."""
    for instance in evidence.site.instances:
        if instance.state in ("stopped", "stopping", "shutting-down"):
            yield on(instance, f"{display_name(instance)} is {instance.state}.", f"state={instance.state}")


@AREA.rule(
    RuleInfo(
        "profile-detached",
        CRITICAL,
        "Without the profile's role the agent has no credentials, so Session Manager cannot reach the machine, and the "
        "machine cannot read the content bucket.",
        f"Associate the instance profile NAME-web with it: {PROVISION}",
        ("machine-unreachable",),
    ),
    "ec2: instances",
)
def profile_detached(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine has no instance profile."""
    for instance in evidence.site.instances:
        if instance.instance_id and not instance.iam_instance_profile_arn:
            yield on(instance, f"{display_name(instance)} has no instance profile.", "iam_instance_profile_arn=null")


@AREA.rule(
    RuleInfo(
        "role-not-assumable",
        CRITICAL,
        "EC2 fetches the machines' credentials as this role. Those that they have go on for some hours; then Session "
        "Manager, releases and secrets are gone, and a machine that starts has none.",
        f"Let the role trust ec2.amazonaws.com: {PROVISION}",
        ("machine-unreachable", "registered-late", "agent-stopped", "machine-silent"),
    ),
    "iam: roles",
)
def role_not_assumable(evidence: Evidence) -> Iterator[Occurrence]:
    """EC2 may not assume the machines' role."""
    for role in evidence.web_roles:
        name, trust = role.role_name, role.assume_role_policy
        if trust and not lets_assume(trust, "ec2.amazonaws.com"):
            proof = f"statements of its trust policy: {', '.join(titles(trust))}"
            yield Occurrence(f"EC2 may not assume the role {name}.", Where("role", name), proof)


@AREA.rule(
    RuleInfo(
        "session-manager-denied",
        CRITICAL,
        "The agent registers, and opens the channels of sessions, with the role's permissions only.",
        f"Give the role its policy `agent` back: {PROVISION}",
        ("machine-unreachable",),
    ),
    "iam: roles",
    "iam: role policies",
)
def session_manager_denied(evidence: Evidence) -> Iterator[Occurrence]:
    """The machines' role does not let Systems Manager in."""
    for role, policies in evidence.details.role_policies.items():
        if not role.endswith("-web"):
            continue
        if missing := lacks(policies, SESSION_ACTIONS):
            yield Occurrence(
                f"The role {role} may not {missing[0]}.",
                Where("role", role),
                f"policies: {', '.join([*policies.own, *policies.attached]) or 'none'}",
                # The account's default host management may stand in for it.
                severity=None if out_of_reach(evidence) else WARNING,
            )


@AREA.rule(
    RuleInfo(
        "egress-443-closed",
        CRITICAL,
        "The agent speaks to ssm and ssmmessages on port 443, and packages and S3 are fetched there too.",
        f"Allow TCP 443 to 0.0.0.0/0 in the group's outbound rules: {PROVISION}",
        ("machine-unreachable",),
    ),
    "ec2: instances",
    "ec2: reachability",
)
def egress_443_closed(evidence: Evidence) -> Iterator[Occurrence]:
    """The machines' security group lets no HTTPS out."""
    paths = [pair for pair in blocked(evidence, "session_manager") if stopped_by(pair[1], "security_group", "egress")]
    for path, stop, touched in by_stop(paths):
        yield Occurrence(
            f"The security group {stop.name or stop.id} lets no HTTPS out.", where_of(stop), path.explanation, touched
        )


@AREA.rule(
    RuleInfo(
        "endpoints-unreachable",
        CRITICAL,
        "The agent has to reach ssm and ssmmessages on port 443, and their answers have to come back.",
        "Let port 443 out and the ephemeral ports 1024-65535 back in where the path is stopped; of "
        "the network ACLs, the site keeps the VPC's default one, which does.",
        ("machine-unreachable",),
    ),
    "ec2: instances",
    "ec2: reachability",
)
def endpoints_unreachable(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine has no path to the endpoints of Systems Manager."""
    paths = [
        pair for pair in blocked(evidence, "session_manager") if not stopped_by(pair[1], "security_group", "egress")
    ]
    for path, stop, touched in by_stop(paths):
        yield Occurrence(
            f"{path.machine_name or path.machine} does not reach the endpoints of Systems Manager.",
            where_of(stop),
            path.explanation,
            touched,
            remedy=acl_remedy(stop),
        )


def silence(evidence: Evidence, instance: Instance) -> str:
    """Say what is known of a machine's agent."""
    told = f"ssm_ping_status={instance.ssm_ping_status or 'never registered'}"
    last = instance.ssm_last_ping_date_time
    tried = evidence.silent.get(instance.instance_id)
    return ", ".join(part for part in (told, f"last heard {last}" if last else "", tried or "") if part)


def since_start(instance: Instance) -> bool:
    """Tell whether the agent was heard since the machine was last started (both times are in AWS's one notation)."""
    last, start = instance.ssm_last_ping_date_time, instance.launch_time
    return bool(last) and (not start or last >= start)


def heard_lately(evidence: Evidence, instance: Instance) -> bool:
    """Tell whether a machine's agent was heard so shortly ago that the machine may just be starting again."""
    try:
        heard = datetime.fromisoformat(instance.ssm_last_ping_date_time)
    except ValueError:
        return False
    return evidence.now - heard.astimezone(UTC) < REBOOT


def unanswered(evidence: Evidence) -> dict[str, Target]:
    """Return the targets that do not answer the load balancer, by the machine's ID."""
    return {
        target.id: target
        for dummy, target in evidence.targets
        if target.state == "unhealthy" and target.reason in UNANSWERED
    }


def maybe_starting(evidence: Evidence, instance: Instance) -> bool:
    """Tell whether a machine out of reach may be just starting again.

    It was heard shortly ago; and either AWS still takes it for online, or the load balancer too gets no answer.
    """
    still_online = instance.ssm_ping_status == "Online"
    return heard_lately(evidence, instance) and (still_online or instance.instance_id in unanswered(evidence))


@AREA.rule(
    RuleInfo(
        "status-check-failed",
        CRITICAL,
        "EC2 itself gets no answer from the machine, or has trouble with the host below it.",
        "Reboot the machine if its instance check fails: aws ec2 reboot-instances --instance-ids ID. If its system "
        "check does, stop it, and let playbooks/site.yml start it again, which moves it to another host.",
        ("machine-unreachable", "target-unhealthy", "machine-silent", "agent-stopped", "registered-late"),
    ),
    "ec2: instances",
    "ec2: status checks",
)
def status_check_failed(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine fails EC2's status checks."""
    for instance in evidence.running:
        identity = instance.instance_id
        told = evidence.details.status_checks.get(identity, StatusChecks())
        states = {"system": told.system, "instance": told.instance}
        failed = [kind for kind, state in states.items() if state == "impaired"]
        if failed:
            stop = (
                f"Call: aws ec2 stop-instances --instance-ids {identity}. When it is stopped, run playbooks/site.yml, "
                "which starts it on another host."
            )
            again = f"Call: aws ec2 reboot-instances --instance-ids {identity}"
            yield on(
                instance,
                f"{display_name(instance)} fails EC2's {failed[0]} status check.",
                ", ".join(f"{kind} status: {state}" for kind, state in states.items()),
                remedy=stop if "system" in failed else again,
            )


@AREA.rule(
    RuleInfo(
        "machine-silent",
        CRITICAL,
        "Neither its agent nor its web server answers, and nothing on their paths is closed: it hangs, or a firewall "
        "of its own shuts everybody out.",
        "Reboot it: aws ec2 reboot-instances --instance-ids ID. If it stays silent, stop and start it, which moves it "
        "to another host.",
        ("machine-unreachable", "target-unhealthy", "agent-stopped", "registered-late"),
        inferred=True,
    ),
    "ec2: instances",
    "ssm: instance information",
    "elbv2: target groups",
)
def machine_silent(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine that runs answers nobody."""
    unhealthy = unanswered(evidence)
    for instance in out_of_reach(evidence):
        target = unhealthy.get(instance.instance_id)
        if target and not maybe_starting(evidence, instance):
            yield on(
                instance,
                f"{display_name(instance)} answers neither Session Manager nor the load balancer.",
                f"{silence(evidence, instance)}; target: {target.reason}",
            )


@AREA.rule(
    RuleInfo(
        "registered-late",
        WARNING,
        "An agent that starts before it has credentials or a way out tries again after pauses that grow to half an "
        "hour. Its path and its rights are in order now.",
        "Wait, or reboot the machine: at its start the agent tries at once.",
        ("machine-unreachable",),
        inferred=True,
    ),
    "ec2: instances",
    "ssm: instance information",
)
def registered_late(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine's agent has not registered since the machine started."""
    for instance in out_of_reach(evidence):
        known = not since_start(instance) and not evidence.unread("ssm: instance information")
        if known and not maybe_starting(evidence, instance):
            yield on(
                instance,
                f"The agent on {display_name(instance)} has not registered since the machine was started.",
                f"{silence(evidence, instance)}, started {instance.launch_time}",
            )


@AREA.rule(
    RuleInfo(
        "agent-stopped",
        CRITICAL,
        "Session Manager is the only way in. Profile, role and path are in order, so what is left is the agent.",
        "Reboot the machine. If the agent stays away it is disabled or removed: enable amazon-ssm-agent from a copy of "
        "its disk, or terminate the machine and run playbooks/site.yml, which makes another one.",
        ("machine-unreachable",),
        inferred=True,
    ),
    "ec2: instances",
    "ssm: instance information",
)
def agent_stopped(evidence: Evidence) -> Iterator[Occurrence]:
    """The agent on a machine does not answer."""
    for instance in out_of_reach(evidence):
        known = since_start(instance) or evidence.unread("ssm: instance information")
        if known and not maybe_starting(evidence, instance):
            yield on(
                instance,
                f"The agent on {display_name(instance)} does not answer any more.",
                silence(evidence, instance),
            )


@AREA.rule(
    RuleInfo(
        "agent-not-enabled",
        WARNING,
        "After the next reboot nobody gets into the machine.",
        "On the machine: systemctl enable amazon-ssm-agent.",
    ),
    "ec2: instances",
    INSIDE,
)
def agent_not_enabled(evidence: Evidence) -> Iterator[Occurrence]:
    """The agent on a machine will not start at the next boot."""
    for instance, told in evidence.asked():
        agent = told.units.get("agent")
        if agent and not agent.enabled:
            yield on(instance, f"The agent on {display_name(instance)} is not enabled.", str(agent))


@AREA.rule(
    RuleInfo("machine-unreachable", CRITICAL, "Nobody can look into the machine or configure it.", CONFIGURE),
    "ec2: instances",
    "ssm: instance information",
)
def machine_unreachable(evidence: Evidence) -> Iterator[Occurrence]:
    """Session Manager does not reach a machine."""
    for instance in out_of_reach(evidence):
        yield on(instance, f"Session Manager does not reach {display_name(instance)}.", silence(evidence, instance))
