# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Checks of the account, for information: no role touches it."""

from __future__ import annotations

from collections.abc import Iterator

from .facts import Facts, Rules, Seen

RULES = Rules()
STRONG = ("RequireUppercaseCharacters", "RequireLowercaseCharacters", "RequireNumbers", "RequireSymbols")
SHORTEST = 14


@RULES.rule("account-s3-public-access", "s3control: public access of the account")
def s3_public_access(facts: Facts) -> Iterator[Seen]:
    """No bucket of the account can be opened to the public."""
    found = facts.read.get("public_access") or {}
    yield Seen("account", bool(found) and all(found.values()), f"{sum(map(bool, found.values()))} of 4 switches are on")


@RULES.rule("account-ebs-encryption", "ec2: encryption by default")
def ebs_encryption(facts: Facts) -> Iterator[Seen]:
    """New volumes are encrypted."""
    found = bool(facts.read.get("volume_default"))
    yield Seen(f"region {facts.known.region}", found, f"EbsEncryptionByDefault={found}")


@RULES.rule("account-metadata-v2", "ec2: metadata by default")
def metadata_v2(facts: Facts) -> Iterator[Seen]:
    """New machines want a token."""
    found = facts.read.get("metadata_default")
    yield Seen(f"region {facts.known.region}", found == "required", f"HttpTokens={found}")


@RULES.rule("account-snapshots-and-images", "ec2: sharing of snapshots and images")
def snapshots_and_images(facts: Facts) -> Iterator[Seen]:
    """Nothing can be shared with everybody."""
    found = facts.read.get("sharing") or {}
    met = found.get("snapshots") == "block-all-sharing" and found.get("images") == "block-new-sharing"
    told = f"snapshots: {found.get('snapshots')}, images: {found.get('images')}"
    yield Seen(f"region {facts.known.region}", met, told)


@RULES.rule("account-trail", "cloudtrail: trails")
def trail(facts: Facts) -> Iterator[Seen]:
    """A trail covers all regions."""
    found = [covering["Name"] for covering in facts.read.get("trails") or [] if covering.get("IsMultiRegionTrail")]
    yield Seen("account", bool(found), f"trails of all regions: {', '.join(found) or 'none'}")


@RULES.rule("account-config", "config: recorders")
def config(facts: Facts) -> Iterator[Seen]:
    """A recorder runs."""
    found = [recorder["name"] for recorder in facts.read.get("recorders") or [] if recorder.get("recording")]
    yield Seen(f"region {facts.known.region}", bool(found), f"recorders: {', '.join(found) or 'none'}")


@RULES.rule("account-guardduty", "guardduty: detectors")
def guardduty(facts: Facts) -> Iterator[Seen]:
    """A detector is there."""
    found = facts.read.get("detectors") or []
    yield Seen(f"region {facts.known.region}", bool(found), f"detectors: {', '.join(found) or 'none'}")


@RULES.rule("account-access-analyzer", "accessanalyzer: analyzers")
def access_analyzer(facts: Facts) -> Iterator[Seen]:
    """An analyzer is active."""
    found = [analyzer["name"] for analyzer in facts.read.get("analyzers") or [] if analyzer.get("status") == "ACTIVE"]
    yield Seen(f"region {facts.known.region}", bool(found), f"analyzers: {', '.join(found) or 'none'}")


@RULES.rule("account-passwords", "iam: password policy")
def passwords(facts: Facts) -> Iterator[Seen]:
    """Passwords are long and of several kinds of characters."""
    found = facts.read.get("password_policy") or {}
    length = int(found.get("MinimumPasswordLength") or 0)
    met = length >= SHORTEST and all(found.get(requirement) for requirement in STRONG)
    yield Seen("account", met, f"MinimumPasswordLength={length}" if found else "no policy")


@RULES.rule("account-root", "iam: root user")
def root(facts: Facts) -> Iterator[Seen]:
    """The root user has two factors and no key."""
    found = facts.read.get("root") or {}
    factors, keys = found.get("AccountMFAEnabled"), found.get("AccountAccessKeysPresent")
    yield Seen("root user", bool(factors) and not keys, f"AccountMFAEnabled={factors}, AccountAccessKeysPresent={keys}")


@RULES.rule("account-ssm-sharing", "ssm: settings of the account")
def ssm_sharing(facts: Facts) -> Iterator[Seen]:
    """Documents stay private, automations are logged."""
    found = facts.read.get("document_settings") or {}
    sharing = found.get("/ssm/documents/console/public-sharing-permission")
    logging = found.get("/ssm/automation/customer-script-log-destination")
    met = sharing == "Disable" and logging == "CloudWatch"
    yield Seen(f"region {facts.known.region}", met, f"public sharing: {sharing}, automation logs: {logging or 'none'}")
