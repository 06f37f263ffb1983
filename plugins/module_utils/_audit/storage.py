# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Checks of buckets and of the share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .._resource import Resource
from .facts import Facts, Rules, Seen
from .network import for_everybody, statements

RULES = Rules()
BUCKETS = "s3: settings of buckets"
SHARES = "efs: settings of file systems"
LOGS = "logs"
"""The part of the bucket that logs go to."""


def refuses_clear_text(policy: object) -> bool:
    """Tell whether a bucket's policy denies what does not come over TLS."""
    return any(
        statement.effect == "Deny"
        and str(statement.condition.get("Bool", {}).get("aws:SecureTransport")).lower() == "false"
        for statement in statements(policy)
    )


def _buckets(control: str, parts: Callable[[str | None], bool], judge: Callable[[Resource], tuple[bool, str]]) -> None:
    """Add a check that looks at each bucket of some parts of the site by itself."""

    def check(facts: Facts) -> Iterator[Seen]:
        part = {bucket.name: bucket.part for bucket in facts.known.buckets}
        for name, settings in facts.each("buckets"):
            if parts(part.get(name)):
                yield Seen(f"bucket {name}", *judge(settings))

    RULES.rule(control, "s3: buckets", BUCKETS)(check)


def _closed(settings: Resource) -> tuple[bool, str]:
    wrong = [key for key, value in settings["public_access_block"].items() if not value]
    wrong += ["ACLs are possible"] * (settings["object_ownership"] != "BucketOwnerEnforced")
    wrong += ["clear text is answered"] * (not refuses_clear_text(settings["policy"]))
    return not wrong, f"open: {', '.join(wrong) or 'nothing'}"


def _kept(settings: Resource) -> tuple[bool, str]:
    rules = [rule for rule in settings["lifecycle_rules"] if rule.get("Status") == "Enabled"]
    wrong = ["no encryption"] * (not settings["encryption"]["algorithm"])
    wrong += ["no versioning"] * (not settings["versioning"])
    wrong += ["old versions stay"] * (not any("NoncurrentVersionExpiration" in rule for rule in rules))
    wrong += ["unfinished uploads stay"] * (not any("AbortIncompleteMultipartUpload" in rule for rule in rules))
    return not wrong, ", ".join(wrong) or "encrypted, versioned, with a lifecycle"


def _logged(settings: Resource) -> tuple[bool, str]:
    found = settings["logging"].get("target_bucket")
    return bool(found), f"logs: {found or 'none'}"


def _customers_key(settings: Resource) -> tuple[bool, str]:
    found = settings["encryption"]["algorithm"]
    return found == "aws:kms" and bool(settings["encryption"]["kms_key_id"]), f"encryption: {found or 'none'}"


_buckets("buckets-closed", lambda _: True, _closed)
_buckets("buckets-kept", lambda _: True, _kept)
_buckets("bucket-logs", lambda part: part != LOGS, _logged)
_buckets("log-bucket-logs", lambda part: part == LOGS, _logged)
_buckets("bucket-extras", lambda _: True, _customers_key)


@RULES.rule("share-encrypted", "efs: file systems", SHARES)
def share_encrypted(facts: Facts) -> Iterator[Seen]:
    """The share is encrypted, backed up and in two zones."""
    for name, share in facts.each("shares"):
        wrong = ["not encrypted"] * (not share["encrypted"]) + ["no backup"] * (not share["backup"])
        wrong += ["one zone"] * (len({target["availability_zone_name"] for target in share["mount_targets"]}) < 2)
        yield Seen(f"file system {name}", not wrong, ", ".join(wrong) or "encrypted, backed up, in two zones")


@RULES.rule("share-policy", "efs: file systems", SHARES)
def share_policy(facts: Facts) -> Iterator[Seen]:
    """Nobody may mount but those whom the policy names."""
    for name, share in facts.each("shares"):
        named = bool(share["policy"]) and not any(map(for_everybody, statements(share["policy"])))
        yield Seen(f"file system {name}", named, "names its clients" if named else "admits every client")


@RULES.rule("share-access-points", "efs: access points")
def share_access_points(facts: Facts) -> Iterator[Seen]:
    """An access point leads to its own folder, as its own user."""
    for name, point in facts.each("access_points"):
        path, user = (point.get("RootDirectory") or {}).get("Path", "/"), point.get("PosixUser")
        yield Seen(f"access point {name}", path != "/" and bool(user), f"path {path}, user {user or 'any'}")


@RULES.rule("share-key", "efs: file systems", SHARES, "efs: keys")
def share_key(facts: Facts) -> Iterator[Seen]:
    """The share's key is the customer's."""
    for name, manager in facts.each("share_keys"):
        yield Seen(f"file system {name}", manager == "CUSTOMER", f"KeyManager={manager or 'none'}")


@RULES.rule("share-lifecycle", "efs: file systems", SHARES)
def share_lifecycle(facts: Facts) -> Iterator[Seen]:
    """Old files move to cheaper storage."""
    for name, share in facts.each("shares"):
        found = share.get("transition_to_ia")
        yield Seen(f"file system {name}", found not in (None, "none"), f"TransitionToIA={found}")
