# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Certificates that ACM issues itself."""

from __future__ import annotations

import typing as t
import uuid
from collections.abc import Iterable, Mapping

from ._aws import (
    UNKNOWN,
    ChangeResult,
    Tags,
    acceptor,
    aws_call,
    aws_lookup,
    compare_tags,
    failure,
    pages,
    tag_dict,
    tag_list,
    waited,
)
from ._resource import Resource

# ListCertificates leaves out every kind of key but RSA_1024 and RSA_2048 unless they are named.
KEY_TYPES = ["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"]
USABLE = ("PENDING_VALIDATION", "ISSUED")
RECORDS_TIMEOUT = 120

_RECORDS_KNOWN = (
    "Certificate.DomainValidationOptions && length(Certificate.DomainValidationOptions[?ResourceRecord == null]) == `0`"
)


def all_names(domain_name: str, alternatives: Iterable[str]) -> list[str]:
    """Return the names that a certificate covers as ACM compares them."""
    return sorted({name.lower().rstrip(".") for name in (domain_name, *alternatives)})


def normalize(certificate: Mapping[str, t.Any], tags: dict[str, str]) -> Resource:
    """Return a described certificate the way the module returns it."""
    after = certificate.get("NotAfter")
    return {
        "arn": certificate["CertificateArn"],
        "status": certificate["Status"],
        "domain_name": certificate["DomainName"],
        "subject_alternative_names": all_names(
            certificate["DomainName"], certificate.get("SubjectAlternativeNames", [])
        ),
        "key_algorithm": certificate.get("KeyAlgorithm", "").replace("-", "_"),
        "in_use_by": sorted(certificate.get("InUseBy", [])),
        "not_after": after.isoformat() if after else None,
        "renewal_eligibility": certificate.get("RenewalEligibility"),
        "type": certificate.get("Type"),
        "failure_reason": certificate.get("FailureReason"),
        "domain_validation_options": [_validation(option) for option in certificate.get("DomainValidationOptions", [])],
        "tags": tags,
    }


def _validation(option: Mapping[str, t.Any]) -> Resource:
    record = option.get("ResourceRecord")
    return {
        "domain_name": option["DomainName"],
        "validation_status": option.get("ValidationStatus", "PENDING_VALIDATION"),
        "resource_record": {key.lower(): value for key, value in record.items()} if record else None,
    }


def same_names(certificates: Iterable[Resource], names: list[str], tags: Mapping[str, str] | None) -> list[Resource]:
    """Return the certificates for exactly these names, and with the `Name` that the tags ask for, if they do."""
    name = (tags or {}).get("Name")
    return [
        certificate
        for certificate in certificates
        if certificate["subject_alternative_names"] == names
        and (name is None or certificate["tags"].get("Name") == name)
    ]


def choose(certificates: Iterable[Resource], key_algorithm: str) -> Resource | None:
    """Return the certificate to use: an issued one rather than one that still waits."""
    usable = [
        certificate
        for certificate in certificates
        if certificate["status"] in USABLE and certificate["key_algorithm"] == key_algorithm
    ]
    return min(usable, key=lambda one: (one["status"] != "ISSUED", one["arn"]), default=None)


def explain(certificate: Resource, timeout: int) -> str:
    """Say why a certificate is not issued, and what to look at."""
    name = certificate["domain_name"]
    if certificate["status"] not in USABLE:
        reason = certificate["failure_reason"] or "no reason given"
        hint = (
            " The zone's CAA records have to admit amazon.com."
            if reason == "CAA_ERROR"
            else " Delete the certificate and request it again."
        )
        return f"The certificate of {name} is {certificate['status']} ({reason}).{hint}"
    awaited = [
        f"{record['name']} {record['type']} {record['value']}"
        for option in certificate["domain_validation_options"]
        if (record := option["resource_record"]) and option["validation_status"] != "SUCCESS"
    ]
    return (
        f"The certificate of {name} was not issued within {timeout} seconds: ACM does not see the record "
        f"{' and the record '.join(awaited) or '(not known yet)'}. Check that the record exists, that the zone is "
        "delegated to the name servers of its hosted zone (hasite.aws.route53_delegation_info tells), and that its CAA "
        "records admit amazon.com."
    )


@aws_call("list certificates")
def list_certificates(client: t.Any) -> list[Resource]:
    """Return the summaries of all certificates."""
    return t.cast(
        "list[Resource]",
        pages(client, "list_certificates", Includes={"keyTypes": KEY_TYPES}).get("CertificateSummaryList", []),
    )


@aws_lookup("describe certificate {arn}", "ResourceNotFoundException")
def describe_certificate(client: t.Any, arn: str) -> Resource:
    """Return one certificate."""
    return t.cast("Resource", client.describe_certificate(CertificateArn=arn)["Certificate"])


@aws_lookup("list tags of certificate {arn}", "ResourceNotFoundException")
def list_tags(client: t.Any, arn: str) -> list[dict[str, str]]:
    """Return a certificate's tags."""
    return t.cast("list[dict[str, str]]", client.list_tags_for_certificate(CertificateArn=arn)["Tags"])


@aws_call("request a certificate for {name}")
def _request(client: t.Any, name: str, arguments: Resource) -> str:
    return t.cast("str", client.request_certificate(DomainName=name, **arguments)["CertificateArn"])


@aws_call("tag certificate {arn}")
def _add_tags(client: t.Any, arn: str, tags: list[dict[str, str]]) -> None:
    client.add_tags_to_certificate(CertificateArn=arn, Tags=tags)


@aws_call("remove tags from certificate {arn}")
def _remove_tags(client: t.Any, arn: str, tags: list[dict[str, str]]) -> None:
    client.remove_tags_from_certificate(CertificateArn=arn, Tags=tags)


@aws_lookup("delete certificate {arn}", "ResourceNotFoundException")
def _delete(client: t.Any, arn: str) -> None:
    client.delete_certificate(CertificateArn=arn)


def read(client: t.Any, arn: str) -> Resource:
    """Return one certificate with its tags; empty if it is gone."""
    certificate = describe_certificate(client, arn)
    return normalize(certificate, tag_dict(list_tags(client, arn))) if certificate else {}


def find(client: t.Any, params: Mapping[str, t.Any]) -> list[Resource]:
    """Return every certificate of ACM's own for exactly the wanted names."""
    names = all_names(params["domain_name"], params["subject_alternative_names"])
    candidates = [
        read(client, certificate["CertificateArn"])
        for certificate in list_certificates(client)
        if certificate["DomainName"].lower() == params["domain_name"].lower() and certificate.get("Type") != "IMPORTED"
    ]
    return same_names(filter(None, candidates), names, params["tags"])


def ensure_present(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Request the certificate if there is none, and wait for it if asked to."""
    before = choose(find(client, params), params["key_algorithm"]) or {}
    if not before:
        if check_mode:
            return ChangeResult(True, {}, _planned(params))
        arn = request(client, params)
        return ChangeResult(True, {}, _awaited(client, arn, params))
    tags = compare_tags(before["tags"], params["tags"], params["purge_tags"])
    if check_mode:
        return ChangeResult(tags.changed, before, {**before, "tags": tags.after})
    _write_tags(client, before["arn"], tags)
    return ChangeResult(tags.changed, before, _awaited(client, before["arn"], params))


def request(client: t.Any, params: Mapping[str, t.Any]) -> str:
    """Request a certificate and return its ARN."""
    logging = "ENABLED" if params["certificate_transparency_logging"] else "DISABLED"
    arguments: Resource = {
        "ValidationMethod": "DNS",
        "KeyAlgorithm": params["key_algorithm"],
        "IdempotencyToken": uuid.uuid4().hex,
        "Options": {"CertificateTransparencyLoggingPreference": logging},
    }
    if params["subject_alternative_names"]:
        arguments["SubjectAlternativeNames"] = params["subject_alternative_names"]
    if params["tags"]:
        arguments["Tags"] = tag_list(params["tags"])
    return _request(client, params["domain_name"], arguments)


def _planned(params: Mapping[str, t.Any]) -> Resource:
    return {
        "arn": UNKNOWN,
        "status": "PENDING_VALIDATION",
        "domain_name": params["domain_name"],
        "subject_alternative_names": all_names(params["domain_name"], params["subject_alternative_names"]),
        "key_algorithm": params["key_algorithm"],
        "in_use_by": [],
        "not_after": None,
        "failure_reason": None,
        "domain_validation_options": [],
        "tags": dict(params["tags"] or {}),
    }


def _awaited(client: t.Any, arn: str, params: Mapping[str, t.Any]) -> Resource:
    """Wait until the records are known, and until the certificate is issued if asked to; return the certificate."""
    failed = [
        acceptor("Certificate.Status", status, "failure")
        for status in ("FAILED", "VALIDATION_TIMED_OUT", "REVOKED", "EXPIRED")
    ]
    known = acceptor(_RECORDS_KNOWN)
    reached = waited(client, "DescribeCertificate", [known, *failed], RECORDS_TIMEOUT, 2, CertificateArn=arn)
    if reached and params["wait"]:
        issued = acceptor("Certificate.Status", "ISSUED")
        reached = waited(client, "DescribeCertificate", [issued, *failed], params["wait_timeout"], CertificateArn=arn)
    certificate = read(client, arn)
    if not reached:
        raise failure(explain(certificate, params["wait_timeout"] if params["wait"] else RECORDS_TIMEOUT))
    return certificate


def _write_tags(client: t.Any, arn: str, tags: Tags) -> None:
    if tags.to_unset:
        _remove_tags(client, arn, [{"Key": key} for key in tags.to_unset])
    if tags.to_set:
        _add_tags(client, arn, tags.to_set_list)


def ensure_absent(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Delete every certificate for exactly the names that has all of the tags."""
    wanted = (params["tags"] or {}).items()
    found = [certificate for certificate in find(client, params) if wanted <= certificate["tags"].items()]
    if not found:
        return ChangeResult(False, {}, {})
    if not check_mode:
        for certificate in found:
            _release(client, certificate, params)
            _delete(client, certificate["arn"])
    return ChangeResult(True, found[0], {})


def _release(client: t.Any, certificate: Resource, params: Mapping[str, t.Any]) -> None:
    if not (params["wait"] and certificate["in_use_by"]):
        return
    free = acceptor("length(Certificate.InUseBy || `[]`) == `0`")
    arn = certificate["arn"]
    if not waited(client, "DescribeCertificate", [free], params["wait_timeout"], CertificateArn=arn):
        users = ", ".join(read(client, arn)["in_use_by"])
        raise failure(f"The certificate {arn} is still used by {users}. Delete these first, or wait longer.")
