# SPDX-License-Identifier: GPL-3.0-or-later
"""A public certificate of ACM, from the request over the proof in DNS to the issue.

https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moto.acm.models import CertBundle, TagHolder, datetime_to_epoch
from moto.acm.utils import make_arn_for_certificate
from moto.core.utils import utcnow

from lab.base.authority import KeyPair
from lab.base.backends import ACCOUNT

PENDING = "PENDING_VALIDATION"


@dataclass(frozen=True)
class Proof:
    """The CNAME that shows who owns a domain; ACM asks for the same one in every region and for every certificate."""

    name: str
    value: str


def proof_for(domain: str) -> Proof:
    """Return the proof for a domain; a wildcard's is that of the domain below which it stands."""
    base = domain.removeprefix("*.")
    name, value, middle = (_token(kind, base) for kind in ("name", "value", "middle"))
    letters = "".join(chr(ord("a") + int(digit, 16)) for digit in middle[:10])
    return Proof(f"_{name}.{base}.", f"_{value}.{letters}.acm-validations.aws.")


def _token(kind: str, domain: str) -> str:
    return hashlib.sha256(f"{ACCOUNT} {kind} {domain}".encode()).hexdigest()[:32]


class RequestedCertificate(CertBundle):  # moto is not typed
    """Takes the place of moto's bundle, which has its key and certificate from the start."""

    def __init__(self, region: str, names: Sequence[str], algorithm: str, method: str, options: Any) -> None:
        self.created_at = utcnow()
        self.issued_at = None
        self.region = region
        self.arn = make_arn_for_certificate(ACCOUNT, region)
        self.type = "AMAZON_ISSUED"
        self.status = PENDING
        self.failure = ""
        self.method = method
        self.algorithm = algorithm
        self.common_name = names[0]
        self.sans = list(dict.fromkeys(names))
        self.tags = TagHolder()
        self.cert_authority_arn = None
        self.in_use_by: list[str] = []
        self.cert_options = {"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED"}
        self.cert_options.update(options or {})
        self.wanted: object = None
        """What the request asked for, by which a repeated one is known."""
        self.proven: set[str] = set()
        self.records_known = False
        """ACM knows its validation records only some seconds after the request."""

    def issue(self, pair: KeyPair) -> None:
        """Become a certificate that can be used."""
        kept = (self.created_at, self.tags, self.cert_options, self.common_name, self.sans)
        super().__init__(
            ACCOUNT,
            pair.certificate.encode(),
            pair.key.encode(),
            region=self.region,
            arn=self.arn,
            cert_type="AMAZON_ISSUED",
        )
        self.created_at, self.tags, self.cert_options, self.common_name, self.sans = kept
        self.chain = pair.chain.encode()
        self.issued_at = utcnow()

    def check(self) -> None:
        """Change a pending certificate when it is proved, never because time has passed."""
        if self.status == "ISSUED":
            super().check()

    def describe(self) -> dict[str, Any]:
        """Return the certificate as DescribeCertificate shows it."""
        if self.issued_at:
            shown = super().describe()["Certificate"]
            shown["IssuedAt"] = datetime_to_epoch(self.issued_at)
            shown["RenewalEligibility"] = "ELIGIBLE" if self.in_use_by else "INELIGIBLE"
        else:
            shown = self._pending()
        shown["SubjectAlternativeNames"] = self.sans
        shown["DomainValidationOptions"] = [self._validation(name) for name in self.sans]
        shown["KeyAlgorithm"] = self.algorithm
        return {"Certificate": shown}

    def _pending(self) -> dict[str, Any]:
        shown = {
            "CertificateArn": self.arn,
            "DomainName": self.common_name,
            "Subject": f"CN={self.common_name}",
            "Issuer": "Amazon",
            "CreatedAt": datetime_to_epoch(self.created_at),
            "Status": self.status,
            "Type": self.type,
            "InUseBy": [],
            "ExtendedKeyUsages": [],
            "RenewalEligibility": "INELIGIBLE",
            "Options": self.cert_options,
        }
        return shown | ({"FailureReason": self.failure} if self.failure else {})

    def _validation(self, name: str) -> dict[str, Any]:
        proof = proof_for(name)
        status = "SUCCESS" if self.issued_at or name in self.proven else "FAILED" if self.failure else PENDING
        shown: dict[str, Any] = {"DomainName": name, "ValidationStatus": status, "ValidationMethod": self.method}
        if self.method == "DNS" and self.records_known:
            shown["ResourceRecord"] = {"Name": proof.name, "Type": "CNAME", "Value": proof.value}
        if self.method == "EMAIL":
            shown["ValidationDomain"] = name.removeprefix("*.")
            shown["ValidationEmails"] = []
        return shown
