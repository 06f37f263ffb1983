# SPDX-License-Identifier: GPL-3.0-or-later
"""A server certificate can be renamed and moved, and tells its own dates and id.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateServerCertificate.html,
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ServerCertificateMetadata.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography import x509
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.iam.exceptions import EntityAlreadyExists, MalformedCertificate
from moto.iam.models import Certificate
from moto.iam.responses import IamResponse
from moto.iam.utils import random_resource_id

from lab.api.moto.extension import adds, replaces


def _described(certificate: Any) -> dict[str, Any]:
    return {
        "ServerCertificateName": certificate.cert_name,
        "Path": certificate.path,
        "Arn": certificate.arn,
        "UploadDate": certificate.uploaded,
        "ServerCertificateId": certificate.id,
        "Expiration": certificate.expires,
    }


def extend() -> None:
    """Keep what is told, and add the operation."""

    @replaces(Certificate, "__init__")
    def init(original: Callable[..., Any], self: Any, *args: Any, **more: Any) -> None:
        original(self, *args, **more)
        try:
            parsed = x509.load_pem_x509_certificate(self.cert_body.encode())
        except ValueError as error:
            raise MalformedCertificate(self.cert_body) from error
        self.expires = parsed.not_valid_after_utc.replace(tzinfo=None)
        self.uploaded = utcnow()
        self.id = f"ASCA{random_resource_id()[:17].upper()}"

    @replaces(IamResponse, "upload_server_certificate")
    def upload_server_certificate(original: Callable[..., Any], self: Any) -> ActionResult:
        name = self._get_param("ServerCertificateName")
        if name in [certificate.cert_name for certificate in self.backend.list_server_certificates()]:
            raise EntityAlreadyExists(f"The Server Certificate with name {name} already exists.")
        original(self)
        return ActionResult({"ServerCertificateMetadata": _described(self.backend.get_server_certificate(name))})

    @replaces(IamResponse, "list_server_certificates")
    def list_server_certificates(original: Callable[..., Any], self: Any) -> ActionResult:
        prefix = self._get_param("PathPrefix") or "/"
        listed = [
            certificate
            for certificate in self.backend.list_server_certificates()
            if certificate.path.startswith(prefix)
        ]
        return ActionResult({**original(self).result, "ServerCertificateMetadataList": list(map(_described, listed))})

    @replaces(IamResponse, "get_server_certificate")
    def get_server_certificate(original: Callable[..., Any], self: Any) -> ActionResult:
        found = original(self).result["ServerCertificate"]
        metadata = _described(self.backend.get_server_certificate(self._get_param("ServerCertificateName")))
        return ActionResult({"ServerCertificate": {**found, "ServerCertificateMetadata": metadata}})

    @adds(IamResponse, "update_server_certificate")
    def update_server_certificate(self: Any) -> EmptyResult:
        certificate = self.backend.get_server_certificate(self._get_param("ServerCertificateName"))
        name = self._get_param("NewServerCertificateName") or certificate.cert_name
        others = [other for other in self.backend.list_server_certificates() if other is not certificate]
        if name in [other.cert_name for other in others]:
            raise EntityAlreadyExists(f"The Server Certificate with name {name} already exists.")
        certificate.cert_name = name
        certificate.path = self._get_param("NewPath") or certificate.path
        return EmptyResult()
