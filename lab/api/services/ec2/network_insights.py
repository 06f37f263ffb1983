# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC Reachability Analyzer: paths and their analyses, answered by the judge that the collection's doctor asks too.

https://docs.aws.amazon.com/vpc/latest/reachability/how-reachability-analyzer-works.html
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_resource_id

from lab.api.moto.extension import adds
from lab.api.services.ec2 import described, path_analysis
from lab.reachability.ends import QuestionError
from lab.reachability.judging import Question, judge
from lab.world.network.insights import question

_ENDS = re.compile(r"(?:arn:aws:ec2:[^/]+/)?((?:i|eni|igw|vpce|pcx)-[0-9a-f]{8,17})\Z")
"""The kinds of sources and destinations that the judge knows, by id or ARN."""
_PROTOCOLS = ("tcp", "udp")


@dataclass
class _Kept:
    """The paths and analyses of a region, by their ids, as the API tells them."""

    paths: dict[str, dict[str, Any]] = field(default_factory=dict)
    analyses: dict[str, dict[str, Any]] = field(default_factory=dict)


def extend() -> None:
    """Make, analyze, describe and delete paths."""
    _paths()
    _analyses()
    _deletions()


def _kept(call: Any) -> _Kept:
    kept: _Kept = call.ec2_backend.__dict__.setdefault("network_insights", _Kept())
    return kept


def _paths() -> None:
    @adds(EC2Response, "create_network_insights_path")
    def create(self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInsightsPath.html."""
        given = {
            name: value
            for name in ("SourceIp", "DestinationIp", "FilterAtSource", "FilterAtDestination")
            if (value := self._get_param(name)) is not None
        }
        source, destination = self._get_param("Source"), self._get_param("Destination")
        filtered = (given.get("FilterAtSource") or {}).get("DestinationAddress")
        if not destination and not (given.get("DestinationIp") or filtered):
            raise EC2ClientError("MissingParameter", "The request must contain the parameter Destination")
        told = {
            "NetworkInsightsPathId": (id_ := f"nip-{random_resource_id(17)}"),
            "NetworkInsightsPathArn": _arn(self, "network-insights-path", id_),
            "CreatedDate": datetime.datetime.now(datetime.UTC),
            **given,
            "Protocol": _protocol(self._get_param("Protocol")),
            "Tags": _tags(self, "network-insights-path"),
        }
        for name, value in (("Source", source), ("Destination", destination)):
            if value:
                told[name] = _end(name, value)
                told[f"{name}Arn"] = path_analysis.arn(self.region, self.current_account, told[name])
        if (port := self._get_int_param("DestinationPort")) is not None:
            if not 0 <= port <= 65535:
                raise EC2ClientError(
                    "InvalidParameterValue", f"Value ({port}) for parameter destinationPort is invalid."
                )
            told["DestinationPort"] = port
        _kept(self).paths[id_] = told
        return ActionResult({"NetworkInsightsPath": told})

    @adds(EC2Response, "describe_network_insights_paths")
    def describe(self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInsightsPaths.html (Filter.N)."""
        found = _named(_kept(self).paths, self._get_param("NetworkInsightsPathIds", []), "Path")
        members = {"destination": "Destination", "protocol": "Protocol", "source": "Source"}
        return ActionResult({"NetworkInsightsPaths": _filtered(self, found, members)})


def _protocol(given: Any) -> str:
    if given not in _PROTOCOLS:
        raise EC2ClientError("InvalidParameterValue", f"Value ({given}) for parameter protocol is invalid.")
    return str(given)


def _end(name: str, value: str) -> str:
    found = _ENDS.match(value)
    if found is None:
        raise EC2ClientError("InvalidParameterValue", f"Value ({value}) for parameter {name.lower()} is invalid.")
    return found[1]


def _tags(call: Any, kind: str) -> list[dict[str, str]]:
    given = call._get_param("TagSpecifications") or []
    return [
        tag
        for specification in given
        if specification.get("ResourceType") == kind
        for tag in specification.get("Tags", [])
    ]


def _arn(call: Any, kind: str, id_: str) -> str:
    return f"arn:aws:ec2:{call.region}:{call.current_account}:{kind}/{id_}"


def _named(kept: Mapping[str, dict[str, Any]], ids: list[str], kind: str) -> list[dict[str, Any]]:
    """Return those with the ids, all without ids; one that is not there is refused."""
    for id_ in ids or ():
        if id_ not in kept:
            raise _unknown(kind, id_)
    return [kept[id_] for id_ in ids or kept]


def _unknown(kind: str, id_: str) -> EC2ClientError:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (InvalidNetworkInsights…)."""
    words = {"Path": "network insights path", "Analysis": "network insights analysis"}[kind]
    return EC2ClientError(f"InvalidNetworkInsights{kind}Id.NotFound", f"The {words} ID '{id_}' does not exist.")


def _filtered(call: Any, found: list[dict[str, Any]], members: Mapping[str, str]) -> list[dict[str, Any]]:
    for name, values in call._filters_from_querystring().items():
        if name.startswith("tag:"):
            found = [resource for resource in found if any(_is_tag(tag, name[4:], values) for tag in resource["Tags"])]
        elif name in members:
            found = [resource for resource in found if str(resource.get(members[name], "")).lower() in values]
        else:
            raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return found


def _is_tag(tag: Mapping[str, str], key: str, values: list[str]) -> bool:
    return tag["Key"] == key and tag["Value"] in values


def _analyses() -> None:
    @adds(EC2Response, "start_network_insights_analysis")
    def start(self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StartNetworkInsightsAnalysis.html."""
        (path,) = _named(_kept(self).paths, [self._get_param("NetworkInsightsPathId")], "Path")
        told = {
            "NetworkInsightsAnalysisId": (id_ := f"nia-{random_resource_id(17)}"),
            "NetworkInsightsAnalysisArn": _arn(self, "network-insights-analysis", id_),
            "NetworkInsightsPathId": path["NetworkInsightsPathId"],
            "StartDate": datetime.datetime.now(datetime.UTC),
            "Status": "running",
            "Tags": _tags(self, "network-insights-analysis"),
        }
        _kept(self).analyses[id_] = {**told, **_analyzed(self, question(path))}
        return ActionResult({"NetworkInsightsAnalysis": told})

    @adds(EC2Response, "describe_network_insights_analyses")
    def describe(self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInsightsAnalyses.html (Filter)."""
        found = _named(_kept(self).analyses, self._get_param("NetworkInsightsAnalysisIds", []), "Analysis")
        if path := self._get_param("NetworkInsightsPathId"):
            found = [analysis for analysis in found if analysis["NetworkInsightsPathId"] == path]
        members = {"path-found": "NetworkPathFound", "status": "Status"}
        return ActionResult({"NetworkInsightsAnalyses": _filtered(self, found, members)})


def _analyzed(call: Any, asked: Question) -> dict[str, Any]:
    """Return what the analysis finds; the networks are as they are now."""
    model = described.model(call)
    try:
        verdict = judge(model, asked)
    except QuestionError as error:
        return {"Status": "failed", "StatusMessage": str(error)}
    if verdict.reachable is None:
        return {"Status": "failed", "StatusMessage": verdict.explanation}
    return {"Status": "succeeded", **path_analysis.told(model, verdict, call.region, call.current_account)}


def _deletions() -> None:
    @adds(EC2Response, "delete_network_insights_path")
    def delete_path(self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkInsightsPath.html."""
        kept, id_ = _kept(self), self._get_param("NetworkInsightsPathId")
        _named(kept.paths, [id_], "Path")
        if any(analysis["NetworkInsightsPathId"] == id_ for analysis in kept.analyses.values()):
            raise EC2ClientError(
                "AnalysisExistsForNetworkInsightsPath",
                f"The network insights path '{id_}' has analyses; delete these first.",
            )
        del kept.paths[id_]
        return ActionResult({"NetworkInsightsPathId": id_})

    @adds(EC2Response, "delete_network_insights_analysis")
    def delete_analysis(self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkInsightsAnalysis.html."""
        kept, id_ = _kept(self), self._get_param("NetworkInsightsAnalysisId")
        _named(kept.analyses, [id_], "Analysis")
        del kept.analyses[id_]
        return ActionResult({"NetworkInsightsAnalysisId": id_})
