# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS: a role decrypts only what its policies let it; moto lets everybody.

Keys have AWS's default policy here, which leaves the decision to the account's IAM policies:
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.responses import KmsResponse

from lab.api import signature
from lab.api.extension import replaces
from lab.context import Context


def extend(context: Context) -> None:
    """Ask IAM before a key is used."""

    @replaces(KmsResponse, "decrypt")
    def decrypt(original: Callable[..., Any], self: Any) -> Any:
        request = signature.Request(self.method, self.uri, dict(self.headers), self.raw_body or b"")
        try:
            caller = signature.caller(request, context.backends)
        except signature.SignatureError:
            # Who is no role's session has been let through by lab.api.callers.
            return original(self)
        try:
            key = self.kms_backend.keys.get(self.kms_backend.any_id_to_key_id(self._get_param("KeyId") or ""))
            signature.authorize(caller, context.backends, "kms:Decrypt", key.arn if key else "*")
        except signature.SignatureError as error:
            raise JsonRESTError(error.code, str(error)) from error
        return original(self)
