# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Private S3 buckets: each setting is one reader and one writer, compared by value."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable, Iterator, Mapping

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

from ._aws import ChangeResult, Tags, aws_call, aws_lookup, compare_tags, failure, pages, tag_dict, tag_list
from ._policy import kept_policy
from ._resource import Resource

SWITCHES = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}
ALL_BLOCKED = dict.fromkeys(SWITCHES, True)
OUR_RULE = "hasite.aws"

# ---- what the options ask for


def lifecycle_rule(params: Mapping[str, t.Any]) -> Resource | None:
    """Return the module's one lifecycle rule, if anything is to be deleted at all."""
    rule: Resource = {}
    if params["abort_incomplete_multipart_days"]:
        rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": params["abort_incomplete_multipart_days"]}
    if params["noncurrent_expiration_days"]:
        rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": params["noncurrent_expiration_days"]}
    if params["expiration_days"]:
        rule["Expiration"] = {"Days": params["expiration_days"]}
    elif params["noncurrent_expiration_days"]:
        # Otherwise the mark of a deletion would outlive the versions that it hides.
        rule["Expiration"] = {"ExpiredObjectDeleteMarker": True}
    return {"ID": OUR_RULE, "Status": "Enabled", "Filter": {"Prefix": ""}, **rule} if rule else None


def wanted_settings(params: Mapping[str, t.Any], present: Mapping[str, t.Any]) -> Resource:
    """Return the settings that the options ask for, in the shape of `read_settings`."""
    others = [rule for rule in present.get("lifecycle_rules", []) if rule.get("ID") != OUR_RULE]
    ours = lifecycle_rule(params)
    policy = params["policy"]
    kms = params["encryption"] == "aws:kms"
    return {
        "public_access_block": ALL_BLOCKED,
        "object_ownership": "BucketOwnerEnforced",
        "encryption": {
            "algorithm": params["encryption"],
            "kms_key_id": (params["kms_key_id"] or present.get("encryption", {}).get("kms_key_id")) if kms else None,
        },
        "versioning": params["versioning"],
        "lifecycle_rules": [*others, ours] if ours else others,
        "logging": present.get("logging", {}) if params["logging"] is None else _wanted_logging(params["logging"]),
        "policy": kept_policy(present.get("policy", {}), policy),
    }


def _wanted_logging(logging: Mapping[str, t.Any]) -> Resource:
    return dict(logging) if logging["target_bucket"] else {}


def differing(before: Mapping[str, t.Any], after: Mapping[str, t.Any]) -> list[str]:
    """Return the settings to write, in the order in which S3 accepts them."""
    return [key for key in WRITERS if before.get(key) != after[key]]


# ---- readers


@aws_lookup("look at bucket {name}", "404", "NoSuchBucket")
def _head(client: t.Any, name: str) -> Resource:
    return t.cast("Resource", client.head_bucket(Bucket=name))


@aws_call("read the region of bucket {name}")
def read_region(client: t.Any, name: str) -> str:
    return t.cast("str", client.get_bucket_location(Bucket=name).get("LocationConstraint") or "us-east-1")


@aws_call("read the versioning of bucket {name}")
def _read_versioning(client: t.Any, name: str) -> bool:
    return bool(client.get_bucket_versioning(Bucket=name).get("Status") == "Enabled")


@aws_lookup("read the encryption of bucket {name}", "ServerSideEncryptionConfigurationNotFoundError")
def _read_encryption(client: t.Any, name: str) -> Resource:
    rules = client.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    default = rules[0]["ApplyServerSideEncryptionByDefault"]
    return {"algorithm": default["SSEAlgorithm"], "kms_key_id": default.get("KMSMasterKeyID")}


@aws_lookup("read the public access block of bucket {name}", "NoSuchPublicAccessBlockConfiguration")
def _read_block(client: t.Any, name: str) -> Resource:
    found = client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    return {key: found.get(switch, False) for key, switch in SWITCHES.items()}


@aws_lookup("read the object ownership of bucket {name}", "OwnershipControlsNotFoundError")
def _read_ownership(client: t.Any, name: str) -> str:
    rules = client.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    return t.cast("str", rules[0]["ObjectOwnership"])


@aws_lookup("read the policy of bucket {name}", "NoSuchBucketPolicy")
def _read_policy(client: t.Any, name: str) -> Resource:
    return t.cast("Resource", json.loads(client.get_bucket_policy(Bucket=name)["Policy"]))


@aws_lookup("read the lifecycle of bucket {name}", "NoSuchLifecycleConfiguration")
def _read_lifecycle(client: t.Any, name: str) -> list[Resource]:
    return t.cast("list[Resource]", client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"])


@aws_call("read the logging of bucket {name}")
def _read_logging(client: t.Any, name: str) -> Resource:
    found = client.get_bucket_logging(Bucket=name).get("LoggingEnabled") or {}
    return {"target_bucket": found["TargetBucket"], "target_prefix": found["TargetPrefix"]} if found else {}


@aws_lookup("read the tags of bucket {name}", "NoSuchTagSet", "NoSuchBucket")
def read_tags(client: t.Any, name: str) -> dict[str, str]:
    """Return the tags of a bucket."""
    return tag_dict(client.get_bucket_tagging(Bucket=name)["TagSet"])


def read_safeguards(client: t.Any, name: str) -> Resource:
    """Return whether a bucket blocks public access, by each of the four switches, keeps versions, and what it deletes.

    The lifecycle rules are as S3 has them.
    """
    return {
        "public_access_block": _read_block(client, name) or dict.fromkeys(SWITCHES, False),
        "versioning": _read_versioning(client, name),
        "lifecycle_rules": _read_lifecycle(client, name) or [],
    }


def read_settings(client: t.Any, name: str) -> Resource:
    """Return the present settings of a bucket."""
    return {
        **read_safeguards(client, name),
        "object_ownership": _read_ownership(client, name) or "",
        "encryption": _read_encryption(client, name) or {"algorithm": "", "kms_key_id": None},
        "logging": _read_logging(client, name),
        "policy": _read_policy(client, name) or {},
    }


# ---- writers


@aws_call("create bucket {name}")
def _create(client: t.Any, name: str, region: str) -> None:
    # us-east-1 is the one region that must not be named.
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerEnforced", **place)


@aws_call("block public access to bucket {name}")
def _write_block(client: t.Any, name: str, value: Mapping[str, bool]) -> None:
    config = {switch: value[key] for key, switch in SWITCHES.items()}
    client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=config)


@aws_call("set the object ownership of bucket {name}")
def _write_ownership(client: t.Any, name: str, value: str) -> None:
    client.put_bucket_ownership_controls(Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": value}]})


@aws_call("set the encryption of bucket {name}")
def _write_encryption(client: t.Any, name: str, value: Mapping[str, t.Any]) -> None:
    default = {"SSEAlgorithm": value["algorithm"]}
    if value["kms_key_id"]:
        default["KMSMasterKeyID"] = value["kms_key_id"]
    # A bucket key saves nearly all requests to the key service, and does nothing without it.
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": value["algorithm"] == "aws:kms"}
    client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})


@aws_call("set the versioning of bucket {name}")
def _write_versioning(client: t.Any, name: str, value: bool) -> None:
    status = "Enabled" if value else "Suspended"
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})


@aws_call("set the lifecycle of bucket {name}")
def _write_lifecycle(client: t.Any, name: str, value: list[Resource]) -> None:
    if value:
        client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": value})
    else:
        client.delete_bucket_lifecycle(Bucket=name)


@aws_call("set the logging of bucket {name}")
def _write_logging(client: t.Any, name: str, value: Mapping[str, str]) -> None:
    enabled = {"TargetBucket": value["target_bucket"], "TargetPrefix": value["target_prefix"]} if value else None
    client.put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": enabled} if enabled else {})


@aws_call("set the policy of bucket {name}")
def _write_policy(client: t.Any, name: str, value: Resource) -> None:
    if value:
        client.put_bucket_policy(Bucket=name, Policy=json.dumps(value))
    else:
        client.delete_bucket_policy(Bucket=name)


@aws_call("set the tags of bucket {name}")
def _write_tags(client: t.Any, name: str, tags: Tags) -> None:
    if tags.after:
        client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(tags.after)})
    else:
        client.delete_bucket_tagging(Bucket=name)


WRITERS: dict[str, Callable[[t.Any, str, t.Any], None]] = {
    "public_access_block": _write_block,
    "object_ownership": _write_ownership,
    "encryption": _write_encryption,
    "versioning": _write_versioning,
    "lifecycle_rules": _write_lifecycle,
    "logging": _write_logging,
    "policy": _write_policy,
}

# ---- the whole


def normalize(name: str, region: str, settings: Mapping[str, t.Any], tags: Mapping[str, str]) -> Resource:
    """Return a bucket the way the module returns it."""
    return {
        "name": name,
        "arn": f"arn:aws:s3:::{name}",
        "region": region,
        "regional_domain_name": f"{name}.s3.{region}.amazonaws.com",
        **settings,
        "encryption": settings["encryption"]["algorithm"],
        "kms_key_id": settings["encryption"]["kms_key_id"],
        "lifecycle_rules": [camel_dict_to_snake_dict(rule) for rule in settings["lifecycle_rules"]],
        "tags": dict(tags),
    }


def ensure_present(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Create or change the bucket, as the options say."""
    name = params["name"]
    exists = _head(client, name) is not None
    region = read_region(client, name) if exists else client.meta.region_name
    present = read_settings(client, name) if exists else {}
    present_tags = (read_tags(client, name) or {}) if exists else {}
    settings = wanted_settings(params, present)
    tags = compare_tags(present_tags, params["tags"], params["purge_tags"])
    before = normalize(name, region, present, present_tags) if exists else {}
    after = normalize(name, region, settings, tags.after)
    changed = not exists or tags.changed or bool(differing(present, settings))
    if changed and not check_mode:
        if not exists:
            _create(client, name, region)
            # AWS gives a new bucket some of the settings, an older emulation does not: look.
            present = read_settings(client, name)
        for key in differing(present, settings):
            WRITERS[key](client, name, settings[key])
        if tags.changed:
            _write_tags(client, name, tags)
    return ChangeResult(changed, before, after)


@aws_call("list the versions in bucket {name}")
def _versions(client: t.Any, name: str) -> list[Resource]:
    found = pages(client, "list_object_versions", Bucket=name)
    return [
        {"Key": version["Key"], "VersionId": version["VersionId"]}
        for version in (*found.get("Versions", []), *found.get("DeleteMarkers", []))
    ]


@aws_call("delete objects in bucket {name}")
def _delete_versions(client: t.Any, name: str, versions: list[Resource]) -> None:
    answer = client.delete_objects(Bucket=name, Delete={"Objects": versions, "Quiet": True})
    if errors := answer.get("Errors"):
        first = errors[0]
        raise failure(f"Failed to delete {first['Key']} in bucket {name}: {first.get('Message', first['Code'])}")


@aws_lookup("delete bucket {name}", "NoSuchBucket")
def _delete(client: t.Any, name: str) -> None:
    client.delete_bucket(Bucket=name)


def batches(items: list[Resource], size: int = 1000) -> Iterator[list[Resource]]:
    """Cut a list into pieces that one request to S3 may have."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def ensure_absent(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Delete the bucket, and what is in it if that is wanted."""
    name = params["name"]
    if _head(client, name) is None:
        return ChangeResult(False, {}, {})
    before = normalize(name, read_region(client, name), read_settings(client, name), read_tags(client, name) or {})
    versions = _versions(client, name)
    if versions and not params["force"]:
        raise failure(f"The bucket {name} holds {len(versions)} versions of objects. Set force to delete them too.")
    if not check_mode:
        for batch in batches(versions):
            _delete_versions(client, name, batch)
        _delete(client, name)
    return ChangeResult(True, before, {})
