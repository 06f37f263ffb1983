# SPDX-License-Identifier: GPL-3.0-or-later
"""The fingerprint of an ED25519 key is the base64 of its SHA-256, as OpenSSH prints it, without the padding's sign.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-keys.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from moto.ec2.models.key_pairs import KeyPair

from lab.api.moto.extension import replaces


def extend() -> None:
    """Compute it from the public key in OpenSSH's form."""

    @replaces(KeyPair, "__init__")
    def init(original: Callable[..., Any], self: Any, *args: Any, **more: Any) -> None:
        original(self, *args, **more)
        if self.key_type == "ed25519":
            encoded = self.material_public.split()[1]
            digest = hashlib.sha256(base64.b64decode(encoded)).digest()
            self.key_fingerprint = base64.b64encode(digest).decode()
