# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's certificate authority: stands in for Amazon's, and is trusted by the machines and the client only."""

from __future__ import annotations

import datetime
import fcntl
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = datetime.timedelta(days=1)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

KEY_ALGORITHMS: dict[str, Callable[[], PrivateKey]] = {
    "RSA_2048": lambda: rsa.generate_private_key(65537, 2048),
    "EC_prime256v1": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EC_secp384r1": lambda: ec.generate_private_key(ec.SECP384R1()),
}
"""What a certificate may be asked for with: https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html"""


@dataclass(frozen=True)
class KeyPair:
    """A certificate with its chain, and its private key, both PEM."""

    certificate: str
    chain: str
    key: str

    def context(self) -> ssl.SSLContext:
        """Return a server's TLS context that presents this certificate."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        # Python's ssl loads certificates from files only.
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(self.certificate + self.chain + self.key)
            file.flush()
            made.load_cert_chain(file.name)
        return made


@dataclass
class Authority:
    """Signs certificates; its own key is made once and kept in `folder`."""

    folder: Path
    _key: ec.EllipticCurvePrivateKey = field(init=False)
    _certificate: x509.Certificate = field(init=False)
    _issued: dict[tuple[str, ...], KeyPair] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Load the authority's own certificate, or make it."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # labs that come up at once share the authority that the first one makes
            if not (self.folder / "ca.key").exists() or not self.path.exists():
                _establish(self.folder)
        key = serialization.load_pem_private_key((self.folder / "ca.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key
        self._certificate = x509.load_pem_x509_certificate(self.path.read_bytes())

    @property
    def path(self) -> Path:
        """Return the file with the authority's certificate, PEM."""
        return self.folder / "ca.pem"

    @property
    def pem(self) -> str:
        """Return the authority's certificate, PEM."""
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def sign(self, names: Sequence[str]) -> KeyPair:
        """Return a certificate for these host names or addresses, the same one for the same names."""
        wanted = tuple(names)
        if wanted not in self._issued:
            self._issued[wanted] = self._make(wanted)
        return self._issued[wanted]

    def issue(self, names: Sequence[str], algorithm: str) -> KeyPair:
        """Return a new certificate for these names with a key of its own, its kind named as ACM names it."""
        return self._make(tuple(names), KEY_ALGORITHMS[algorithm]())

    def _make(self, names: Sequence[str], key: PrivateKey | None = None) -> KeyPair:
        key = key or ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])]))
            .issuer_name(self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            # An ACM certificate is valid for 198 days: https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html
            .not_valid_after(now + 198 * _DAY)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return KeyPair(
            certificate.public_bytes(serialization.Encoding.PEM).decode(), self.pem, _private_pem(key).decode()
        )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _private_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _establish(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hasite.aws lab authority")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 3650 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_signing_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    descriptor = os.open(folder / "ca.key", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_private_pem(key))
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _signing_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
