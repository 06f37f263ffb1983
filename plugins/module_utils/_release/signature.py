# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Whether the site's owner has signed a release, asked where it is served.

Whoever may write to the bucket could otherwise have the machines serve anything. The signature is ECDSA over a
manifest's SHA-256, in DER, as KMS makes it with ECDSA_SHA_256:
https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
"""

from __future__ import annotations

import base64
import typing as t
from pathlib import Path

from .manifest import Manifest, what_is_signed
from .paths import ReleaseError

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

_BEGIN = "-----BEGIN"
_CONFIGURE = "configure the machine with playbooks/configure.yml."


class PublicKey(t.NamedTuple):
    """What says whether a signature is by the key that signs the site's releases."""

    name: str
    """How people call the key, such as its ARN."""
    key: t.Any

    def has_signed(self, manifest: Manifest) -> bool:
        """Tell whether the manifest has a signature by this key, of all that it says."""
        try:
            signature = base64.b64decode(manifest.signature, validate=True)
            self.key.verify(signature, what_is_signed(manifest), ec.ECDSA(hashes.SHA256()))
        except (ValueError, InvalidSignature):
            return False
        return True

    def demand(self, manifest: Manifest, remedy: str) -> None:
        """Refuse a release that the key has not signed."""
        if not self.has_signed(manifest):
            found = "its signature is not by this key, or of something else" if manifest.signature else "it has none"
            raise ReleaseError(
                f"The release {manifest.release} is not served, since it has no valid signature by the key {self.name} "
                f"({found}); {remedy}"
            )


def read_key(path: str) -> PublicKey:
    """Return the public key in a PEM file; a text before it is its name."""
    try:
        text = Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ReleaseError(
            f"The public key {path}, by which releases are checked, cannot be read ({error}); {_CONFIGURE}"
        ) from error
    name, begin, rest = text.partition(_BEGIN)
    try:
        key = serialization.load_pem_public_key((begin + rest).encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ReleaseError(f"{path} holds no public key; {_CONFIGURE}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ReleaseError(f"{path} holds no key of an elliptic curve, as releases are signed with; {_CONFIGURE}")
    return PublicKey(name.strip("# \n") or path, key)
