# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS keys that sign: keys named by an alias, digests that are not hashed again, and AWS's refusals.

moto looks for keys by their id only, and takes a digest for a message.
https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.core.exceptions import JsonRESTError
from moto.kms.responses import KmsResponse

from lab.api.moto.extension import replaces
from lab.context import Context

LONGEST = 4096
"""Bytes of a message; of longer ones, the digest is signed."""
_HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def extend(_context: Context) -> None:
    """Answer Sign, Verify and GetPublicKey as AWS does."""

    @replaces(KmsResponse, "sign")
    def sign(_original: Callable[..., Any], self: Any) -> str:
        given = _parameters(self)
        key, algorithm = _key(self, given, "Sign"), str(given.get("SigningAlgorithm"))
        made = key.private_key.private_key.sign(_message(given, algorithm), *_scheme(given, algorithm))
        return json.dumps({"KeyId": key.arn, "Signature": _text(made), "SigningAlgorithm": algorithm})

    @replaces(KmsResponse, "verify")
    def verify(_original: Callable[..., Any], self: Any) -> str:
        """Refuse a signature that does not fit: https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html."""
        given = _parameters(self)
        key, algorithm = _key(self, given, "Verify"), str(given.get("SigningAlgorithm"))
        public = key.private_key.private_key.public_key()
        try:
            public.verify(_bytes(given, "Signature"), _message(given, algorithm), *_scheme(given, algorithm))
        except InvalidSignature as error:
            raise JsonRESTError("KMSInvalidSignatureException", "") from error
        return json.dumps({"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": algorithm})

    @replaces(KmsResponse, "get_public_key")
    def get_public_key(_original: Callable[..., Any], self: Any) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html."""
        key = _found(self, _parameters(self))
        if not key.key_spec.startswith(("ECC", "RSA")):
            raise JsonRESTError("UnsupportedOperationException", "")
        _demand_enabled(key)
        kinds = {"EncryptionAlgorithms": key.encryption_algorithms, "SigningAlgorithms": key.signing_algorithms}
        told = {"KeyId": key.arn, "KeyUsage": key.key_usage, "PublicKey": _text(key.private_key.public_key())}
        told |= {"KeySpec": key.key_spec, "CustomerMasterKeySpec": key.key_spec}
        return json.dumps({**told, **{kind: found for kind, found in kinds.items() if found}})


def _parameters(call: Any) -> dict[str, Any]:
    try:
        found = json.loads(call.body)
    except ValueError as error:
        raise JsonRESTError("SerializationException", "The request is no JSON.") from error
    return found if isinstance(found, dict) else {}


def _found(call: Any, given: dict[str, Any]) -> Any:
    """Return the key that a call names by its id, its ARN or an alias."""
    keys, name = call.kms_backend, str(given.get("KeyId") or "")
    key = keys.keys.get(keys.any_id_to_key_id(name))
    if key is None:
        bare = name if name.startswith("arn:") else call._display_arn(name)
        what = f"Alias {bare} is not found." if "alias/" in name else f"Key '{bare}' does not exist"
        raise JsonRESTError("NotFoundException", what)
    return key


def _key(call: Any, given: dict[str, Any], operation: str) -> Any:
    """Return the key that a call is to use; refuse one that can't sign, or not this way."""
    key = _found(call, given)
    _demand_enabled(key)
    if key.key_usage != "SIGN_VERIFY":
        raise JsonRESTError(
            "InvalidKeyUsageException", f"{key.arn} key usage is {key.key_usage} which is not valid for {operation}."
        )
    algorithm = given.get("SigningAlgorithm")
    if algorithm not in key.signing_algorithms or str(algorithm)[-3:] not in _HASHES:
        raise JsonRESTError(
            "InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key spec {key.key_spec}."
        )
    return key


def _demand_enabled(key: Any) -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html."""
    if key.key_state == "Disabled":
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    if key.key_state == "PendingDeletion":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")


def _message(given: dict[str, Any], algorithm: str) -> bytes:
    found = _bytes(given, "Message")
    if not 0 < len(found) <= LONGEST:
        raise _invalid(f"Value at 'message' failed to satisfy constraint: Member must have length from 1 to {LONGEST}")
    if _is_digest(given) and len(found) != _HASHES[algorithm[-3:]].digest_size:
        raise JsonRESTError("ValidationException", f"Digest is invalid length for algorithm {algorithm}.")
    return found


def _is_digest(given: dict[str, Any]) -> bool:
    kind = given.get("MessageType", "RAW")
    if kind not in ("RAW", "DIGEST"):
        allowed = "Member must satisfy enum value set: [RAW, DIGEST]"
        raise _invalid(f"Value '{kind}' at 'messageType' failed to satisfy constraint: {allowed}")
    return bool(kind == "DIGEST")


def _scheme(given: dict[str, Any], algorithm: str) -> tuple[Any, ...]:
    """Return what a key needs beside the message, as `cryptography` wants it."""
    plain = _HASHES[algorithm[-3:]]
    hashed = Prehashed(plain) if _is_digest(given) else plain
    if algorithm.startswith("ECDSA"):
        return (ec.ECDSA(hashed),)
    # The salt is as long as the digest:
    # https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
    pss = padding.PSS(mgf=padding.MGF1(plain), salt_length=plain.digest_size)
    return (pss if "PSS" in algorithm else padding.PKCS1v15(), hashed)


def _bytes(given: dict[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(str(given.get(name) or ""), validate=True)
    except binascii.Error as error:
        raise JsonRESTError("SerializationException", f"{name} is not valid Base64.") from error


def _invalid(text: str) -> JsonRESTError:
    return JsonRESTError("ValidationException", f"1 validation error detected: {text}")


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
