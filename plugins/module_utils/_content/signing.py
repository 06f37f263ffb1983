# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Signing releases by a KMS key: the private one never leaves KMS, and IAM says who may sign.

https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
"""

from __future__ import annotations

import base64
import hashlib
import typing as t

from .._aws import aws_call, aws_lookup
from .._release.manifest import Manifest, what_is_signed

ALGORITHM = "ECDSA_SHA_256"


class Signer:
    """A KMS key that signs manifests, by its id, its ARN or an alias."""

    def __init__(self, client: t.Any, key: str) -> None:
        self._client = client
        self.key = key

    def signed(self, manifest: Manifest) -> Manifest:
        """Return the manifest with a signature."""
        made = _sign(self._client, self.key, manifest)
        return manifest._replace(signature=base64.b64encode(made).decode())

    def has_signed(self, manifest: Manifest) -> bool:
        """Tell whether the manifest's signature is by the key, and of all that it says."""
        try:
            signature = base64.b64decode(manifest.signature, validate=True)
        except ValueError:
            return False
        return bool(signature and _verify(self._client, self.key, manifest, signature))


def _request(key: str, manifest: Manifest) -> dict[str, t.Any]:
    # KMS takes messages of up to 4,096 bytes; of what is longer, the digest.
    digest = hashlib.sha256(what_is_signed(manifest)).digest()
    return {"KeyId": key, "Message": digest, "MessageType": "DIGEST", "SigningAlgorithm": ALGORITHM}


@aws_call("sign the release {manifest.release} by the KMS key {key}")
def _sign(client: t.Any, key: str, manifest: Manifest) -> bytes:
    return t.cast("bytes", client.sign(**_request(key, manifest))["Signature"])


# In check mode the key may not be there yet. KMS answers a signature that does not fit with an error.
@aws_lookup(
    "check the signature of the release {manifest.release} by the KMS key {key}",
    "NotFoundException",
    "KMSInvalidSignatureException",
)
def _verify(client: t.Any, key: str, manifest: Manifest, signature: bytes) -> bool:
    return bool(client.verify(**_request(key, manifest), Signature=signature)["SignatureValid"])
