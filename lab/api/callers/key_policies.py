# SPDX-License-Identifier: GPL-3.0-or-later
"""What the policy of a KMS key denies, whoever asks, the account's owner included.

What it allows is left to the account's own policies, as AWS's default key policy does.
https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
"""

from __future__ import annotations

import json
from typing import Any

from moto.kms.utils import KEY_ID_LEN

from lab.api.callers.signature import SignatureError
from lab.base.backends import ACCOUNT, Backends
from lab.world.access.permissions import AccessRequest, Principal, decide

OWNER = Principal(arns=(f"arn:aws:iam::{ACCOUNT}:root",), account=ACCOUNT)


def check(call: Any, action: str, principal: Principal, backends: Backends) -> None:
    """Raise SignatureError if the policy of the key that a call to KMS is about denies it."""
    key = _key(call, backends.at("kms", call.region)) if call.service_name == "kms" else None
    if key is None:
        return
    request = AccessRequest(
        f"kms:{action}", key.arn, {"kms:CallerAccount": ACCOUNT, "aws:SecureTransport": "true"}, principal
    )
    if decide(json.loads(key.policy), request, of_resource=True) == "deny":
        raise SignatureError(
            "AccessDeniedException",
            f"User: {principal.arns[-1]} is not authorized to perform: kms:{action} on resource: {key.arn} "
            "with an explicit deny in a resource-based policy",
        )


def _key(call: Any, store: Any) -> Any:
    """Return the key that a call names or, to decrypt, its ciphertext; None if there is none such."""
    name = call._get_param("KeyId")
    if isinstance(name, str) and name:
        return store.keys.get(store.any_id_to_key_id(name))
    blob = call._get_param("CiphertextBlob")
    # moto's ciphertext begins with the id of its key.
    return store.keys.get(blob[:KEY_ID_LEN].decode(errors="replace")) if isinstance(blob, bytes) else None
