# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a session with a KMS key is encrypted: AES-256-GCM, with one half of the data key in each direction.

PRIVATE to the collection. Pure; on a machine it is imported as a plain module of Python 3.9 or later.
An encrypted payload is `nonce (12 bytes) || ciphertext || tag (16 bytes)`, without associated data.
"""

from __future__ import annotations

import os

KEY_BYTES = 64
_HALF = KEY_BYTES // 2
_NONCE_BYTES = 12
_TAG_BYTES = 16


class CipherError(Exception):
    """One sentence that says why a session cannot be encrypted, or a message not be decrypted."""


class HalvesCipher:
    """One end's cipher; the other end's is made of the same key."""

    def __init__(self, key: bytes, *, client: bool) -> None:
        """Take the data key: its first half is for what the agent sends, the second for the client."""
        try:
            from cryptography.exceptions import InvalidTag
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise CipherError("A session encrypted with KMS needs the Python package cryptography.") from error
        if len(key) != KEY_BYTES:
            raise CipherError(f"The session's data key has {len(key)} bytes instead of {KEY_BYTES}.")
        halves = key[:_HALF], key[_HALF:]
        self._outgoing = AESGCM(halves[1 if client else 0])
        self._incoming = AESGCM(halves[0 if client else 1])
        self._invalid: type[Exception] = InvalidTag

    def encrypt(self, data: bytes) -> bytes:
        """Return the data as the other end can decrypt it."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._outgoing.encrypt(nonce, data, None)

    def decrypt(self, data: bytes) -> bytes:
        """Return what the other end encrypted."""
        if len(data) < _NONCE_BYTES + _TAG_BYTES:
            raise CipherError("An encrypted message is too short.")
        try:
            return self._incoming.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], None)
        except self._invalid as error:
            raise CipherError("A message cannot be decrypted with the session's key.") from error


def context(session: str, target: str, challenge: str) -> dict[str, str]:
    """Return the encryption context to which a session's data key is bound; the older scheme has no challenge."""
    bound = {"aws:ssm:SessionId": session, "aws:ssm:TargetId": target}
    return {**bound, "aws:ssm:RandomChallenge": challenge} if challenge else bound
