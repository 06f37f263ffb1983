# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes of which nothing is seen before the next boot, release, renewal, failover, or start of a machine."""

from __future__ import annotations

import json
from typing import Any

from lab.faults import changes, outside, steps
from lab.faults.fault import fault
from lab.faults.site import GLOBAL_REGION, Site

_CURRENT = "/srv/site/current"


@fault(None, one_machine=True)
def web_server_settings_broken(site: Site) -> None:
    """Leave a slip of the pen in Apache's settings on one machine, and do not reload it."""
    _add(site, f"{site.layout().settings_folder}/caching.conf", "ExpiresActiv On\n")


@fault(None, one_machine=True)
def php_settings_broken(site: Site) -> None:
    """Leave a pool without its settings in PHP's configuration on one machine, and do not reload it."""
    _add(site, f"{site.layout().pools_folder}/second.conf", "[second]\nuser = site\n")


@fault(None, one_machine=True)
def unit_masked(site: Site) -> None:
    """Mask the web server on one machine, for a test that must not be disturbed; it runs on till then."""
    web = site.layout().web
    site.to_mend(steps.run, site.machine_id, "systemctl", "enable", "--now", web)
    site.to_mend(steps.run, site.machine_id, "systemctl", "unmask", web)
    site.run(site.machine_id, "systemctl", "mask", web)


@fault(None, one_machine=True)
def fstab_elsewhere(site: Site) -> None:
    """Write another file system's id into the fstab of one machine; the share stays mounted till it boots."""
    share = site.file_system["FileSystemId"]
    other = f"fs-{'0' * (len(share) - 3)}"
    changes.edit(
        site,
        site.machine_id,
        "/etc/fstab",
        lambda text: text.replace(share, other),
        *("systemctl", "daemon-reload"),
    )


@fault(None)
def release_unreadable(site: Site) -> None:
    """Take the others' right to read away from a file of the release, as an editor with a strict umask does."""
    page = f"{_CURRENT}/index.php"
    site.to_mend(steps.run, site.machine_id, "chmod", "0644", page)
    site.run(site.machine_id, "chmod", "0600", page)


@fault(None)
def release_damaged(site: Site) -> None:
    """Delete the first page of the release on the share, taking it for an old one."""
    page, away = f"{_CURRENT}/index.php", "/srv/site/.index.php"
    site.to_mend(steps.run, site.machine_id, "sh", "-c", f"test -e {page} && rm -f {away} || mv {away} {page}")
    site.run(site.machine_id, "mv", page, away)


@fault(None)
def release_missing(site: Site) -> None:
    """Point the link to the current release to one that is not there."""
    machine = site.machine_id
    former = site.run(machine, "readlink", _CURRENT).strip()
    site.to_mend(steps.run, machine, "ln", "-sfn", former, _CURRENT)
    site.run(machine, "ln", "-sfn", "releases/20991231T000000Z-000000000000", _CURRENT)


@fault(None)
def content_missing(site: Site) -> None:
    """Empty the content bucket, whose versions stay: what is served now is on the share."""
    _empty(site, site.bucket("content"))


@fault(None)
def error_page_missing(site: Site) -> None:
    """Empty the error page's bucket."""
    _empty(site, site.bucket("error-page"))


@fault(None)
def content_bucket_closed(site: Site) -> None:
    """Give the content bucket a policy that denies everybody but administrators to read."""
    bucket = site.bucket("content")
    s3 = site.client("s3")
    former = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    site.to_mend(steps.call, "s3", "put_bucket_policy", Bucket=bucket, Policy=former)
    role = site.client("iam").get_role(RoleName=f"{site.name}-web")["Role"]["Arn"]
    denial = {"Sid": "NotTheMachines", "Effect": "Deny", "Principal": {"AWS": role}, "Action": "s3:GetObject"}
    closed = {**json.loads(former)}
    closed["Statement"] = [*closed["Statement"], {**denial, "Resource": f"arn:aws:s3:::{bucket}/*"}]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(closed))


@fault(None)
def endpoint_policy_closed(site: Site) -> None:
    """Admit another bucket's objects only through the VPC's S3 endpoint."""
    wanted = [{"Name": "vpc-id", "Values": [site.vpc["VpcId"]]}]
    found = site.ec2.describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"]
    endpoint = site.one("S3 endpoint", [endpoint for endpoint in found if endpoint["ServiceName"].endswith(".s3")])
    which = {"VpcEndpointId": endpoint["VpcEndpointId"]}
    site.to_mend(steps.call, "ec2", "modify_vpc_endpoint", **which, PolicyDocument=endpoint["PolicyDocument"])
    other = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::backups/*"}
    closed = {"Version": "2012-10-17", "Statement": [other]}
    site.ec2.modify_vpc_endpoint(**which, PolicyDocument=json.dumps(closed))


@fault(None)
def role_not_assumable(site: Site) -> None:
    """Make the machines' role trust another service than EC2: the credentials that they have go on for hours."""
    iam, role = site.client("iam"), f"{site.name}-web"
    former: Any = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    which = {"RoleName": role}
    site.to_mend(steps.call, "iam", "update_assume_role_policy", **which, PolicyDocument=json.dumps(former))
    tasks = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [tasks]}
    iam.update_assume_role_policy(**which, PolicyDocument=json.dumps(trust))


@fault(None)
def health_check_missing(site: Site) -> None:
    """Delete the health check that the PRIMARY record names, as Route 53 lets anybody do."""
    record, check = site.failover("PRIMARY"), site.health_check
    tags = site.client("route53", GLOBAL_REGION).list_tags_for_resource(
        ResourceType="healthcheck", ResourceId=check["Id"]
    )["ResourceTagSet"]["Tags"]
    site.to_mend(outside.made_health_check, record, check["HealthCheckConfig"], tags)
    site.client("route53", GLOBAL_REGION).delete_health_check(HealthCheckId=check["Id"])


@fault(None)
def edge_function_missing(site: Site) -> None:
    """Take the CloudFront function off the error page's distribution."""
    behavior = site.distribution_config["DefaultCacheBehavior"]
    site.to_mend(outside.distribution, {"DefaultCacheBehavior": behavior})
    outside.distribution(site, {"DefaultCacheBehavior": {**behavior, "FunctionAssociations": {"Quantity": 0}}})


def _add(site: Site, path: str, text: str) -> None:
    site.to_mend(steps.run, site.machine_id, "rm", "-f", path)
    steps.write(site, site.machine_id, path, text)


def _empty(site: Site, bucket: str) -> None:
    s3 = site.client("s3")
    site.to_mend(steps.undeleted, bucket)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=item["Key"])


@fault(None)
def session_document_missing(site: Site) -> None:
    """Delete the session document, which looks as if nobody used it."""
    ssm, name = site.client("ssm"), f"{site.name}-session"
    content = ssm.get_document(Name=name)["Content"]
    tags = ssm.list_tags_for_resource(ResourceType="Document", ResourceId=name)["TagList"]
    wanted = {"Name": name, "Content": content, "DocumentType": "Session", "Tags": tags}
    site.to_mend(steps.call, "ssm", "create_document", **wanted)
    ssm.delete_document(Name=name)


@fault(None)
def session_log_missing(site: Site) -> None:
    """Delete the log group of the sessions, to save money."""
    logs, name = site.client("logs"), f"/{site.name}/sessions"
    [group] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    tags = logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]
    site.to_mend(steps.call, "logs", "create_log_group", logGroupName=name, tags=tags)
    logs.delete_log_group(logGroupName=name)


@fault(None)
def current_not_a_link(site: Site) -> None:
    """Copy the release to a folder in the place of the link to it, to try something out."""
    machine = site.machine_id
    former = site.run(machine, "readlink", _CURRENT).strip()
    site.to_mend(steps.run, machine, "ln", "-sfn", former, _CURRENT)
    site.to_mend(steps.run, machine, "rm", "-rf", _CURRENT)
    site.run(machine, "rm", _CURRENT)
    site.run(machine, "cp", "--archive", f"/srv/site/{former}", _CURRENT)


@fault(None)
def updates_held_up(site: Site) -> None:
    """Have a machine that was terminated in the middle of its updates keep the turn for good."""
    folder = "/srv/site/.turns"
    site.to_mend(steps.run, site.machine_id, "rm", "-f", f"{folder}/update")
    site.run(site.machine_id, "mkdir", "-p", folder)
    site.run(site.machine_id, "tee", f"{folder}/update", given="ip-10-0-99-99\n")
    site.run(site.machine_id, "touch", "--date", "2 days ago", f"{folder}/update")
