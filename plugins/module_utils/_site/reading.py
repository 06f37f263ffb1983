# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Asking AWS for a site: one function for each kind of thing, all called at once."""

from __future__ import annotations

import contextlib
import threading
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .. import _acm, _bucket, _cloudfront, _distribution, _efs_api, _flow_log, _ssm, _target_group
from .._aws import error_code, pages
from .._names.reading import holding, list_records
from .assembly import SITE_TAG, belongs, tags_of
from .model import Resource
from .names import certified

try:
    from botocore.exceptions import BotoCoreError, ClientError

    AWS_ERRORS: tuple[type[Exception], ...] = (AnsibleAWSError, ClientError, BotoCoreError)
except ImportError:
    AWS_ERRORS = (AnsibleAWSError,)  # AnsibleAWSModule tells the user

GLOBAL_REGION = "us-east-1"
THREADS = 16


@dataclass(frozen=True)
class Place:
    """Where and what to read."""

    site: str
    names: Sequence[str]
    """The names that visitors type."""
    region: str
    client: Callable[[str, str], t.Any]
    """The client of a service in a region."""
    certified: bool = False
    """Whether the names of the site's certificates count too, some of which may be no longer wanted."""
    _kept: dict[str, list[Resource]] = field(default_factory=dict)
    _keeping: threading.Lock = field(default_factory=threading.Lock)

    def certificates(self) -> list[Resource]:
        """Return the site's certificates, which two readers need."""
        with self._keeping:
            if "certificates" not in self._kept:
                self._kept["certificates"] = _certificates(self)
            return self._kept["certificates"]

    def here(self, service: str) -> t.Any:
        """Return the client of a service in the site's region."""
        return self.client(service, self.region)

    def everywhere(self) -> list[str]:
        """Return the regions in which the site has anything."""
        return sorted({self.region, GLOBAL_REGION})

    @property
    def tagged(self) -> list[Resource]:
        """The filter of EC2 that finds what is the site's."""
        return [{"Name": f"tag:{SITE_TAG}", "Values": [self.site]}]

    def owns(self, tags: dict[str, str] | None) -> bool:
        """Tell whether tags say that something is the site's."""
        return (tags or {}).get(SITE_TAG) == self.site


@AWSRetry.jittered_backoff()  # type: ignore[untyped-decorator]  # amazon.aws has no types
def listed(client: t.Any, operation: str, key: str, **arguments: t.Any) -> t.Any:
    """Return the items of a listing, all pages of it."""
    return pages(client, operation, **arguments).get(key, [])


@AWSRetry.jittered_backoff()  # type: ignore[untyped-decorator]  # amazon.aws has no types
def asked(operation: Callable[..., t.Any], **arguments: t.Any) -> t.Any:
    """Return the answer of one call."""
    return operation(**arguments)


def in_pieces(items: list[t.Any], size: int) -> Iterator[list[t.Any]]:
    """Cut a list into pieces that one request may have."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


# ---- readers: network and machines


def ec2(operation: str, key: str, parameter: str = "Filters") -> Callable[[Place], list[Resource]]:
    """Return a reader of tagged things of EC2."""
    return lambda place: t.cast(
        "list[Resource]", listed(place.here("ec2"), operation, key, **{parameter: place.tagged})
    )


def read_nat_gateways(place: Place) -> list[Resource]:
    """Return the NAT gateways; a deleted one is still listed for an hour."""
    found = ec2("describe_nat_gateways", "NatGateways", "Filter")(place)
    return [one for one in found if one["State"] != "deleted"]


def read_addresses(place: Place) -> list[Resource]:
    """Return the elastic addresses."""
    return t.cast("list[Resource]", asked(place.here("ec2").describe_addresses, Filters=place.tagged)["Addresses"])


def read_endpoints(place: Place) -> list[Resource]:
    """Return the VPC endpoints that are not deleted."""
    found = ec2("describe_vpc_endpoints", "VpcEndpoints")(place)
    return [one for one in found if one["State"].lower() != "deleted"]


def read_flow_logs(place: Place) -> list[Resource]:
    """Return the flow logs."""
    return _flow_log.list_flow_logs(place.here("ec2"), place.tagged)


def read_interfaces(place: Place) -> list[Resource]:
    """Return all interfaces in the VPC: AWS's own there have no tags of the site."""
    client = place.here("ec2")
    vpcs = [one["VpcId"] for one in listed(client, "describe_vpcs", "Vpcs", Filters=place.tagged)]
    if not vpcs:
        return []
    inside = [{"Name": "vpc-id", "Values": vpcs}]
    return t.cast("list[Resource]", listed(client, "describe_network_interfaces", "NetworkInterfaces", Filters=inside))


def read_instances(place: Place) -> list[Resource]:
    """Return the machines; a terminated one is still listed for an hour."""
    reservations = ec2("describe_instances", "Reservations")(place)
    found = [one for reservation in reservations for one in reservation["Instances"]]
    return [one for one in found if one["State"]["Name"] != "terminated"]


def read_pings(place: Place) -> list[Resource]:
    """Return the machines that Systems Manager knows."""
    return _ssm.list_instances(place.here("ssm"))


# ---- readers: storage


def read_file_systems(place: Place) -> list[Resource]:
    """Return the file systems with their mount targets."""
    client = place.here("efs")
    found = [_efs_api.summary(one, place.region) for one in _efs_api.list_file_systems(client) or []]
    return [
        {**one, "mount_targets": _efs_api.list_mount_targets(client, one["file_system_id"]) or []}
        for one in found
        if place.owns(one["tags"])
    ]


def read_buckets(place: Place) -> list[Resource]:
    """Return the buckets. Only those whose name begins with the site's are asked for tags."""
    client = place.here("s3")
    names = [one["Name"] for one in asked(client.list_buckets)["Buckets"] if one["Name"].startswith(place.site)]
    tags = {name: _bucket.read_tags(client, name) or {} for name in names}
    return [
        {"name": name, "region": _bucket.read_region(client, name), "tags": found}
        for name, found in tags.items()
        if place.owns(found)
    ]


# ---- readers: load balancing


def _with_tags(client: t.Any, found: list[Resource], key: str) -> list[Resource]:
    tags: dict[str, t.Any] = {}
    for piece in in_pieces([one[key] for one in found], 20):
        for described in asked(client.describe_tags, ResourceArns=piece)["TagDescriptions"]:
            tags[described["ResourceArn"]] = described["Tags"]
    return [{**one, "Tags": tags.get(one[key], [])} for one in found]


def read_load_balancers(place: Place) -> list[Resource]:
    """Return the load balancers with their listeners."""
    client = place.here("elbv2")
    found = _with_tags(client, listed(client, "describe_load_balancers", "LoadBalancers"), "LoadBalancerArn")
    return [
        {**one, "Listeners": listed(client, "describe_listeners", "Listeners", LoadBalancerArn=one["LoadBalancerArn"])}
        for one in found
        if place.owns(tags_of(one))
    ]


def read_target_groups(place: Place) -> list[Resource]:
    """Return the target groups with the health of their targets."""
    client = place.here("elbv2")
    found = _with_tags(client, listed(client, "describe_target_groups", "TargetGroups"), "TargetGroupArn")
    return [_target_group.read(client, one["TargetGroupName"]) for one in found if place.owns(tags_of(one))]


# ---- readers: names and certificates


def read_hosted_zones(place: Place) -> list[Resource]:
    """Return the account's public hosted zones that hold one of the site's names, with their records."""
    names = list(place.names)
    if place.certified:
        with contextlib.suppress(*AWS_ERRORS):  # told by the certificates' own reader
            names += certified(place.certificates())
    if not names:
        return []
    client = place.client("route53", GLOBAL_REGION)
    return [_whole_zone(client, one) for one in holding(client, names)]


def _whole_zone(client: t.Any, zone: Resource) -> Resource:
    zone_id = zone["Id"].rpartition("/")[2]
    return {
        **zone,
        "NameServers": asked(client.get_hosted_zone, Id=zone_id).get("DelegationSet", {}).get("NameServers", []),
        "Records": list_records(client, zone_id),
        "Tags": _route53_tags(client, "hostedzone", [zone_id]).get(zone_id, []),
    }


def _route53_tags(client: t.Any, kind: str, ids: list[str]) -> dict[str, t.Any]:
    tags: dict[str, t.Any] = {}
    for piece in in_pieces(ids, 10):
        answer = asked(client.list_tags_for_resources, ResourceType=kind, ResourceIds=piece)
        tags |= {one["ResourceId"]: one.get("Tags", []) for one in answer["ResourceTagSets"]}
    return tags


def read_health_checks(place: Place) -> list[Resource]:
    """Return the health checks with their checkers' verdicts."""
    client = place.client("route53", GLOBAL_REGION)
    found = listed(client, "list_health_checks", "HealthChecks")
    tags = _route53_tags(client, "healthcheck", [one["Id"] for one in found])
    tagged = [{**one, "Tags": tags.get(one["Id"], [])} for one in found]
    return [{**one, "Observations": _observations(client, one)} for one in tagged if place.owns(tags_of(one))]


def _observations(client: t.Any, check: Resource) -> list[Resource]:
    if check.get("HealthCheckConfig", {}).get("Type") in ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"):
        return []  # nobody probes for these, and Route 53 refuses the question
    answer = asked(client.get_health_check_status, HealthCheckId=check["Id"])
    return t.cast("list[Resource]", answer.get("HealthCheckObservations", []))


def read_certificates(place: Place) -> list[Resource]:
    """Return the certificates of both regions."""
    return place.certificates()


def _certificates(place: Place) -> list[Resource]:
    found, others = [], set()
    for region in place.everywhere():
        client = place.client("acm", region)
        for summary in _acm.list_certificates(client):
            certificate = _acm.read(client, summary["CertificateArn"])
            if certificate and place.owns(certificate["tags"]):
                found.append({**certificate, "certificate_arn": certificate["arn"], "region": region})
            elif certificate and certificate["status"] in _acm.USABLE:
                others |= _validation_records(certificate)
    return [{**one, "records_of_others": sorted(others & _validation_records(one))} for one in found]


def _validation_records(certificate: Resource) -> set[str]:
    options = certificate["domain_validation_options"]
    return {one["resource_record"]["name"] for one in options if one["resource_record"]}


# ---- readers: CloudFront


def read_distributions(place: Place) -> list[Resource]:
    """Return the distributions."""
    client = place.client("cloudfront", GLOBAL_REGION)
    found = []
    for summary in _distribution.list_distributions(client):
        tags = _distribution.list_tags(client, summary["ARN"])
        whole = _distribution.get_distribution(client, summary["Id"]) if place.owns(tags) else None
        if whole:
            found.append({**_distribution.normalize(whole["Distribution"], tags), **_own_times(whole["Distribution"])})
    return found


def _own_times(distribution: Resource) -> Resource:
    """Return the caching times of a behaviour that has no cache policy; null if it has one."""
    behavior = distribution["DistributionConfig"]["DefaultCacheBehavior"]
    return {"min_ttl": behavior.get("MinTTL"), "default_ttl": behavior.get("DefaultTTL")}


def cloudfront(reader: Callable[[t.Any], list[Resource]]) -> Callable[[Place], list[Resource]]:
    """Return a reader of things of CloudFront that have a name but no tags."""

    def read(place: Place) -> list[Resource]:
        found = reader(place.client("cloudfront", GLOBAL_REGION))
        return [one for one in found if belongs(one["name"], place.site)]

    return read


# ---- readers: logs, alarms, rights


def read_log_groups(place: Place) -> list[Resource]:
    """Return the log groups of both regions."""
    return [
        {"log_group_name": one["logGroupName"], "region": region, "retention_in_days": one.get("retentionInDays")}
        for region in place.everywhere()
        for one in listed(place.client("logs", region), "describe_log_groups", "logGroups")
        if belongs(one["logGroupName"], place.site)
    ]


def read_alarms(place: Place) -> list[Resource]:
    """Return the alarms of both regions."""
    return [
        {
            "alarm_name": one["AlarmName"],
            "alarm_arn": one.get("AlarmArn"),
            "region": region,
            "state_value": one.get("StateValue"),
            "state_reason": one.get("StateReason"),
        }
        for region in place.everywhere()
        for one in listed(
            place.client("cloudwatch", region), "describe_alarms", "MetricAlarms", AlarmNamePrefix=place.site
        )
        if belongs(one["AlarmName"], place.site)
    ]


def read_dashboards(place: Place) -> list[Resource]:
    """Return the dashboards. They are the same in every region."""
    found = listed(place.here("cloudwatch"), "list_dashboards", "DashboardEntries", DashboardNamePrefix=place.site)
    return [
        {"dashboard_name": one["DashboardName"], "dashboard_arn": one.get("DashboardArn")}
        for one in found
        if belongs(one["DashboardName"], place.site)
    ]


def read_topics(place: Place) -> list[Resource]:
    """Return the notification topics of both regions."""
    return [
        {"topic_arn": one["TopicArn"], "topic_name": one["TopicArn"].rpartition(":")[2], "region": region}
        for region in place.everywhere()
        for one in listed(place.client("sns", region), "list_topics", "Topics")
        if belongs(one["TopicArn"].rpartition(":")[2], place.site)
    ]


def read_roles(place: Place) -> list[Resource]:
    """Return the roles with the names of their instance profiles."""
    client = place.client("iam", GLOBAL_REGION)
    return [
        {
            "role_name": one["RoleName"],
            "arn": one["Arn"],
            "instance_profiles": [
                profile["InstanceProfileName"]
                for profile in listed(
                    client, "list_instance_profiles_for_role", "InstanceProfiles", RoleName=one["RoleName"]
                )
            ],
        }
        for one in listed(client, "list_roles", "Roles")
        if belongs(one["RoleName"], place.site)
    ]


def read_documents(place: Place) -> list[Resource]:
    """Return the account's own documents of Systems Manager."""
    own = [{"Key": "Owner", "Values": ["Self"]}]
    return [
        {
            "name": one["Name"],
            "document_type": one.get("DocumentType"),
            "document_version": one.get("DocumentVersion"),
            "tags": tags_of(one),
        }
        for one in listed(place.here("ssm"), "list_documents", "DocumentIdentifiers", Filters=own)
        if belongs(one["Name"], place.site)
    ]


def read_account(place: Place) -> t.Any:
    """Return the ID of the account."""
    return asked(place.here("sts").get_caller_identity)["Account"]


READERS: dict[str, tuple[str, Callable[[Place], t.Any]]] = {
    "account_id": ("sts: account", read_account),
    "vpcs": ("ec2: VPCs", ec2("describe_vpcs", "Vpcs")),
    "subnets": ("ec2: subnets", ec2("describe_subnets", "Subnets")),
    "route_tables": ("ec2: route tables", ec2("describe_route_tables", "RouteTables")),
    "nat_gateways": ("ec2: NAT gateways", read_nat_gateways),
    "addresses": ("ec2: elastic addresses", read_addresses),
    "internet_gateways": ("ec2: internet gateways", ec2("describe_internet_gateways", "InternetGateways")),
    "endpoints": ("ec2: endpoints", read_endpoints),
    "flow_logs": ("ec2: flow logs", read_flow_logs),
    "interfaces": ("ec2: network interfaces", read_interfaces),
    "security_groups": ("ec2: security groups", ec2("describe_security_groups", "SecurityGroups")),
    "instances": ("ec2: instances", read_instances),
    "pings": ("ssm: instance information", read_pings),
    "file_systems": ("efs: file systems", read_file_systems),
    "buckets": ("s3: buckets", read_buckets),
    "load_balancers": ("elbv2: load balancers", read_load_balancers),
    "target_groups": ("elbv2: target groups", read_target_groups),
    "hosted_zones": ("route53: hosted zones", read_hosted_zones),
    "health_checks": ("route53: health checks", read_health_checks),
    "certificates": ("acm: certificates", read_certificates),
    "distributions": ("cloudfront: distributions", read_distributions),
    "origin_access_controls": ("cloudfront: origin access controls", cloudfront(_cloudfront.list_controls)),
    "functions": ("cloudfront: functions", cloudfront(_cloudfront.list_functions)),
    "response_headers_policies": ("cloudfront: response headers policies", cloudfront(_cloudfront.list_policies)),
    "log_groups": ("logs: log groups", read_log_groups),
    "alarms": ("cloudwatch: alarms", read_alarms),
    "dashboards": ("cloudwatch: dashboards", read_dashboards),
    "topics": ("sns: topics", read_topics),
    "roles": ("iam: roles", read_roles),
    "documents": ("ssm: documents", read_documents),
}


def explain(error: Exception) -> str:
    """Return an error in one line, AWS's code first."""
    cause = getattr(error, "exception", None) or error
    return f"{error_code(cause)}: {error}" if error_code(cause) else f"{type(cause).__name__}: {error}"


def read_all(place: Place, readers: Iterable[str] = tuple(READERS)) -> tuple[Resource, dict[str, str]]:
    """Read what the site consists of; return the answers by kind, and the errors by what failed."""
    return ask_at_once({kind: (READERS[kind][0], partial(READERS[kind][1], place)) for kind in readers})


def ask_at_once(readers: Mapping[str, tuple[str, Callable[[], t.Any]]]) -> tuple[Resource, dict[str, str]]:
    """Ask all at once; return the answers by kind, and the errors by what failed."""
    answers: Resource = {}
    errors: dict[str, str] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        running = {kind: pool.submit(reader) for kind, (_, reader) in readers.items()}
    for kind, future in running.items():
        try:
            answers[kind] = future.result()
        except AWS_ERRORS as error:
            errors[readers[kind][0]] = explain(error)
    return answers, errors
