# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The rules of a listener that bear an owner's tags, beside those of others.

A rule has no name of its own, so the tag `Name` is what tells an owner's rules apart
(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html).
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from ._asking import in_pieces
from ._aws import UNKNOWN, ChangeResult, aws_call, aws_lookup, failure, pages, tag_dict, tag_list
from ._resource import Resource

NAME = "Name"
LOWEST = 50000
"""The largest number that a priority may have, tried last."""
ACTIONS = ("forward", "redirect", "fixed-response")
_REDIRECT = {
    "Protocol": "#{protocol}",
    "Host": "#{host}",
    "Port": "#{port}",
    "Path": "/#{path}",
    "Query": "#{query}",
}
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html"""

# ---- pure


def plain_condition(condition: Mapping[str, t.Any]) -> Resource:
    """Return a condition in the one form that all with its meaning have: AWS knows an old one and a new one of some."""
    field = condition["Field"]
    key = "".join(word.title() for word in field.split("-")) + "Config"
    config = condition.get(key) or {}
    values = config.get("Values") or condition.get("Values") or []
    return {"Field": field, key: {**config, "Values": sorted(values, key=str)}}


def plain_action(action: Mapping[str, t.Any]) -> Resource:
    """Return an action in the one form that all with its meaning have."""
    kind = action["Type"]
    if kind == "redirect":
        return {"Type": kind, "RedirectConfig": {**_REDIRECT, **action["RedirectConfig"]}}
    if kind not in ACTIONS:
        return dict(action)
    if kind == "fixed-response":
        said = {key: value for key, value in action["FixedResponseConfig"].items() if value}
        return {"Type": kind, "FixedResponseConfig": said}
    config: Resource = action.get("ForwardConfig") or {}
    groups = config.get("TargetGroups") or [{"TargetGroupArn": action["TargetGroupArn"]}]
    weighted = [(group["TargetGroupArn"], group.get("Weight", 1)) for group in groups]
    if len(weighted) == 1 and not (config.get("TargetGroupStickinessConfig") or {}).get("Enabled"):
        return {"Type": kind, "TargetGroupArn": weighted[0][0]}
    rows = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in sorted(weighted)]
    sticky = config.get("TargetGroupStickinessConfig") or {"Enabled": False}
    return {"Type": kind, "ForwardConfig": {"TargetGroups": rows, "TargetGroupStickinessConfig": sticky}}


def normalize(rule: Mapping[str, t.Any], tags: Mapping[str, str]) -> Resource:
    """Return a described rule the way the module returns it."""
    return {
        "rule_arn": rule["RuleArn"],
        "name": tags.get(NAME, ""),
        "priority": int(rule["Priority"]),
        **_meaning(rule["Conditions"], rule["Actions"]),
        "tags": dict(tags),
    }


def _meaning(conditions: Iterable[Mapping[str, t.Any]], actions: Iterable[Mapping[str, t.Any]]) -> Resource:
    told = sorted((plain_condition(condition) for condition in conditions), key=str)
    return {"conditions": told, "actions": [plain_action(action) for action in actions]}


class Rules(t.NamedTuple):
    """The rules of a listener, the owner's by their names."""

    own: dict[str, Resource]
    surplus: list[Resource]
    """The owner's that nobody wants any more."""
    foreign: list[Resource]


def sort_out(present: Iterable[Resource], tags: Mapping[str, str], wanted: Iterable[Resource]) -> Rules:
    """Tell the owner's rules from those of others.

    A rule without the tags that says the same as a wanted one is that one: somebody has taken its tags away.
    """
    rules = list(present)
    names = [rule["name"] for rule in wanted]
    tagged = [rule for rule in rules if tags.items() <= rule["tags"].items()]
    own: dict[str, Resource] = {}
    for rule in tagged:
        if rule["name"] in names:
            own.setdefault(rule["name"], rule)
    others = [rule for rule in rules if rule not in tagged]
    for want in wanted:
        twin = next((rule for rule in others if _same(rule, want)), None)
        if want["name"] not in own and twin:
            own[want["name"]] = twin
            others.remove(twin)
    kept = [rule["rule_arn"] for rule in own.values()]
    return Rules(own, [rule for rule in tagged if rule["rule_arn"] not in kept], others)


def _same(rule: Mapping[str, t.Any], other: Mapping[str, t.Any]) -> bool:
    return all(rule[key] == other[key] for key in ("conditions", "actions"))


def place(wanted: Iterable[Resource], foreign: Iterable[Resource]) -> list[Resource]:
    """Return the wanted rules in their order, each with the first priority from its own on that no other rule has."""
    taken = {rule["priority"] for rule in foreign}
    placed: list[Resource] = []
    last = 0
    for rule in sorted(wanted, key=lambda one: one["priority"]):
        last = max(rule["priority"], last + 1)
        while last in taken:
            last += 1
        if last > LOWEST:
            raise failure(
                f"No priority from {rule['priority']} on is free for the rule {rule['name']}; others have all."
            )
        placed.append({**rule, "priority": last})
    return placed


def refuse_unclear(rules: Iterable[Mapping[str, t.Any]]) -> None:
    """Fail if rules are given that nobody could tell apart, or that can't be compared with what AWS returns."""
    names: set[str] = set()
    for rule in rules:
        name = rule["name"]
        if name in names:
            raise failure(f"Two rules have the name {name}; give each a name of its own.")
        names.add(name)
        if not 1 <= rule["priority"] <= LOWEST:
            raise failure(f"The rule {name} has the priority {rule['priority']}; it must be from 1 to {LOWEST}.")
        for condition in rule["conditions"]:
            if "Field" not in condition:
                raise failure(f"A condition of the rule {name} has no Field; name one, such as host-header.")
        for action in rule["actions"]:
            _refuse_action(name, action)


def _refuse_action(name: str, action: Mapping[str, t.Any]) -> None:
    kind = action.get("Type")
    needed = {
        "forward": ("TargetGroupArn", "TargetGroupName", "ForwardConfig"),
        "redirect": ("RedirectConfig",),
        "fixed-response": ("FixedResponseConfig",),
    }
    if kind not in needed:
        raise failure(f"An action of the rule {name} has the Type {kind}; it must be one of {', '.join(ACTIONS)}.")
    if not any(action.get(key) for key in needed[kind]):
        raise failure(f"The action {kind} of the rule {name} lacks its {' or '.join(needed[kind])}.")


def shown(rules: Iterable[Mapping[str, t.Any]]) -> Resource:
    """Return rules for a difference: by their names, without what only AWS needs."""
    return {rule["name"]: {key: rule[key] for key in ("priority", "conditions", "actions", "tags")} for rule in rules}


# ---- reading


@aws_lookup("describe load balancer {name}", "LoadBalancerNotFound", "LoadBalancerNotFoundException")
def _balancer(client: t.Any, name: str) -> str:
    return t.cast("str", client.describe_load_balancers(Names=[name])["LoadBalancers"][0]["LoadBalancerArn"])


@aws_call("describe the listeners of {arn}")
def _listeners(client: t.Any, arn: str) -> list[Resource]:
    return t.cast("list[Resource]", pages(client, "describe_listeners", LoadBalancerArn=arn)["Listeners"])


@aws_call("describe the rules of {listener}")
def _rules(client: t.Any, listener: str) -> list[Resource]:
    found = pages(client, "describe_rules", ListenerArn=listener)["Rules"]
    return [rule for rule in found if not rule["IsDefault"]]


@aws_call("read the tags of listener rules")
def _tags(client: t.Any, arns: list[str]) -> dict[str, dict[str, str]]:
    found = client.describe_tags(ResourceArns=arns)["TagDescriptions"]
    return {description["ResourceArn"]: tag_dict(description["Tags"]) for description in found}


@aws_call("describe target group {name}")
def _group(client: t.Any, name: str) -> str:
    return t.cast("str", client.describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"])


def read_tags(client: t.Any, arns: list[str]) -> dict[str, dict[str, str]]:
    """Return the tags of rules by their ARNs; AWS tells those of twenty at once."""
    found: dict[str, dict[str, str]] = {}
    for piece in in_pieces(arns, 20):
        found |= _tags(client, piece)
    return found


def read(client: t.Any, listener: str) -> list[Resource]:
    """Return the rules of a listener in the order in which they are tried, without the default one."""
    found = _rules(client, listener)
    tags = read_tags(client, [rule["RuleArn"] for rule in found])
    rules = [normalize(rule, tags.get(rule["RuleArn"], {})) for rule in found]
    return sorted(rules, key=lambda rule: rule["priority"])


def find_listener(client: t.Any, balancer: str, port: int) -> str | None:
    """Return the ARN of a load balancer's listener on a port."""
    arn = _balancer(client, balancer)
    found = _listeners(client, arn) if arn else []
    return next((str(listener["ListenerArn"]) for listener in found if listener["Port"] == port), None)


# ---- writing


@aws_call("create the rule {rule[name]}")
def _create(client: t.Any, listener: str, rule: Resource) -> None:
    client.create_rule(
        ListenerArn=listener,
        Priority=rule["priority"],
        Conditions=rule["conditions"],
        Actions=rule["actions"],
        Tags=tag_list(rule["tags"]),
    )


@aws_call("change the rule {rule[name]}")
def _modify(client: t.Any, arn: str, rule: Resource) -> None:
    client.modify_rule(RuleArn=arn, Conditions=rule["conditions"], Actions=rule["actions"])


@aws_call("set the priorities of listener rules")
def _move(client: t.Any, moves: list[Resource]) -> None:
    client.set_rule_priorities(RulePriorities=moves)


@aws_call("tag {arn}")
def _tag(client: t.Any, arn: str, tags: list[dict[str, str]]) -> None:
    client.add_tags(ResourceArns=[arn], Tags=tags)


@aws_lookup("delete the rule {arn}", "RuleNotFound", "RuleNotFoundException")
def _delete(client: t.Any, arn: str) -> None:
    client.delete_rule(RuleArn=arn)


# ---- the whole


def ensure(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Give a listener the owner's rules, and leave those of others alone."""
    if not params["owner_tags"]:
        raise failure(
            "owner_tags is empty, so the rules could not be told from those of others; give at least one tag."
        )
    refuse_unclear(params["rules"])
    balancer, port = params["load_balancer"], params["port"]
    listener = find_listener(client, balancer, port)
    if listener is None and not check_mode:
        raise failure(f"The load balancer {balancer} has no listener on port {port}; create it first.")
    wanted = [_resolved(client, rule, params["owner_tags"]) for rule in params["rules"]]
    present = sort_out(read(client, listener) if listener else [], params["owner_tags"], wanted)
    planned = place(wanted, present.foreign)
    before = sorted([*present.own.values(), *present.surplus], key=lambda rule: rule["priority"])
    after = [_planned(rule, present.own.get(rule["name"])) for rule in planned]
    changed = shown(before) != shown(after) or bool(present.surplus)
    if changed and listener and not check_mode:
        _apply(client, listener, present, planned)
        names = [rule["name"] for rule in planned]
        found = sort_out(read(client, listener), params["owner_tags"], wanted).own
        after = [found[name] for name in names if name in found]
    return ChangeResult(changed, {"rules": before}, {"rules": after})


def _resolved(client: t.Any, rule: Mapping[str, t.Any], tags: Mapping[str, t.Any]) -> Resource:
    actions = []
    for action in rule["actions"]:
        named = {key: value for key, value in action.items() if key != "TargetGroupName"}
        if "TargetGroupName" in action:
            named["TargetGroupArn"] = _group(client, action["TargetGroupName"])
        actions.append(named)
    told = {key: str(value) for key, value in tags.items()}
    meaning = _meaning(rule["conditions"], actions)
    return {"name": rule["name"], "priority": rule["priority"], **meaning, "tags": {**told, NAME: rule["name"]}}


def _planned(rule: Resource, present: Resource | None) -> Resource:
    arn = present["rule_arn"] if present else UNKNOWN
    return {"rule_arn": arn, **rule, "tags": {**(present or {"tags": {}})["tags"], **rule["tags"]}}


def _apply(client: t.Any, listener: str, present: Rules, planned: list[Resource]) -> None:
    """Change first, so that a name which goes from one rule to another is never without one."""
    moves = []
    for rule in planned:
        own = present.own.get(rule["name"])
        if own is None:
            continue
        if not _same(own, rule):
            _modify(client, own["rule_arn"], rule)
        if not rule["tags"].items() <= own["tags"].items():
            _tag(client, own["rule_arn"], tag_list(rule["tags"]))
        if own["priority"] != rule["priority"]:
            moves.append({"RuleArn": own["rule_arn"], "Priority": rule["priority"]})
    for rule in present.surplus:
        _delete(client, rule["rule_arn"])
    if moves:
        _move(client, moves)
    for rule in planned:
        if rule["name"] not in present.own:
            _create(client, listener, rule)
