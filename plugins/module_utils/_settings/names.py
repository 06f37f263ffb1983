# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Names of a site's resources, by the rules of the services they go to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .error import SettingsError

# A target group's name has no two hyphens in a row.
_NAME = re.compile(r"(?!.*--)[a-z][a-z0-9-]{0,19}(?<!-)\Z")
_ACCOUNT = "123456789012"
"""Any account: only the length of its number counts."""


@dataclass(frozen=True)
class NameRule:
    """What a service demands of a name."""

    resource: str
    """The kind of resource, with its article."""
    longest: int
    """The most characters that the service takes."""
    reserved: tuple[str, ...] = ()
    """Beginnings that AWS keeps for itself, in small letters."""
    reserved_ends: tuple[str, ...] = ()
    """Endings that AWS keeps for itself."""


# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
LOAD_BALANCER = NameRule("a load balancer", 32, ("internal-",))
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
TARGET_GROUP = NameRule("a target group", 32)
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
SECURITY_GROUP = NameRule("a security group", 255, ("sg-",))
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET = NameRule(
    "a bucket",
    63,
    ("xn--", "sthree-", "amzn-s3-demo-"),
    ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"),
)
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
DOCUMENT = NameRule("a session document", 128, ("aws", "amazon", "amzn"))
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
ROLE = NameRule("an IAM role", 64)
POLICY = NameRule("an IAM policy", 128)
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
LOG_GROUP = NameRule("a log group", 512, ("aws/",))
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html tells no limit.
LOG_POLICY = NameRule("a resource policy of CloudWatch Logs", 128)
# https://docs.aws.amazon.com/efs/latest/ug/API_CreateFileSystem.html
FILE_SYSTEM = NameRule("a file system's creation token", 64)
# https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateFunction.html
FUNCTION = NameRule("a CloudFront function", 64)
# https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_OriginAccessControlConfig.html
ACCESS_CONTROL = NameRule("an origin access control", 64)
# https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ResponseHeadersPolicyConfig.html
HEADERS_POLICY = NameRule("a response headers policy", 128)
# https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
KEY_ALIAS = NameRule("an alias of a KMS key", 256, ("alias/aws/",))
SIGNING_KEY_ALIAS = NameRule("an alias of the KMS key of DNSSEC", 256, ("alias/aws/",))
"""In us-east-1, whatever the site's region is."""
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
TAG = NameRule("a tag's value", 256, ("aws:",))

TEMPLATES: tuple[tuple[NameRule, str], ...] = (
    (LOAD_BALANCER, "{site}"),
    (TARGET_GROUP, "{site}"),
    *((SECURITY_GROUP, f"{{site}}-{part}") for part in ("load-balancer", "web", "file-system", "endpoints")),
    (BUCKET, "{site}-content-{account}"),
    (BUCKET, "{site}-error-page-{account}"),
    (DOCUMENT, "{site}-session"),
    (ROLE, "{site}-web"),
    (ROLE, "{site}-flow-logs"),
    (POLICY, "{site}-flow-logs"),
    (LOG_GROUP, "/{site}/flow-logs"),
    (LOG_GROUP, "/{site}/sessions"),
    (LOG_GROUP, "/{site}/queries"),
    (LOG_POLICY, "{site}-queries"),
    (KEY_ALIAS, "alias/{site}-session"),
    (KEY_ALIAS, "alias/{site}-release"),
    (SIGNING_KEY_ALIAS, "alias/{site}-dnssec"),
    (FILE_SYSTEM, "{site}"),
    (FUNCTION, "{site}-error-page"),
    (ACCESS_CONTROL, "{site}-error-page"),
    (HEADERS_POLICY, "{site}-error-page"),
    (TAG, "{site}-web-a"),
    (TAG, "{site}-public"),
)
"""Every name that a role makes of the site's name, with the rule of where it goes to."""


def names_of(site: str) -> Iterator[tuple[NameRule, str]]:
    """Return the names that the site's resources will have, an account's number filled in where one belongs."""
    for rule, template in TEMPLATES:
        yield rule, template.format(site=site, account=_ACCOUNT)


SHAPE = "1 to 20 small letters, digits and single hyphens, beginning with a letter and not ending with a hyphen"


def fits(site: str) -> bool:
    """Tell whether a text has the shape of a site's name."""
    return _NAME.match(site) is not None


def check_name(site: str) -> None:
    """Refuse a site name that can't be the prefix of every resource's name."""
    if not fits(site):
        raise SettingsError(f"site_name is {site!r}; use {SHAPE}.")
    for rule, name in names_of(site):
        if said := _refusal(rule, name):
            raise SettingsError(
                f"site_name is {site!r}, but {rule.resource} named {name!r} {said}; choose another name."
            )


def _refusal(rule: NameRule, name: str) -> str | None:
    if len(name) > rule.longest:
        return f"would be too long, since AWS takes {rule.longest} characters"
    for beginning in rule.reserved:
        if name.startswith(beginning):
            return f"is not allowed, since AWS reserves names that begin with {beginning!r}"
    for end in rule.reserved_ends:
        if name.endswith(end):
            return f"is not allowed, since AWS reserves names that end with {end!r}"
    return None
