# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS: a role decrypts only what its policies let it; moto lets everybody. Keys are deleted by any of their names.

Services have keys of their own in the account, which AWS makes at their first use and manages.

Keys have AWS's default policy here, which leaves the decision to the account's IAM policies:
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import KmsBackend, kms_backends
from moto.kms.responses import KmsResponse

from lab.api.callers import signature
from lab.api.callers.authorization import authorize, caller_of
from lab.api.moto.extension import replaces
from lab.context import Context
from lab.world.access.api_permissions import Permission


def extend(context: Context) -> None:
    """Ask IAM before a key is used."""
    _named_by_arn()

    @replaces(KmsBackend, "create_key")
    def create_key(original: Callable[..., Any], self: Any, *args: Any, **more: Any) -> Any:
        """Say of every key whether it is of several regions, also of one that nobody has asked that for.

        https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html
        """
        made = original(self, *args, **more)
        made.multi_region = bool(made.multi_region)
        return made

    @replaces(KmsBackend, "any_id_to_key_id")
    def any_id_to_key_id(original: Callable[..., Any], self: Any, key_id: str) -> str:
        """Return the id of a key; an alias that nobody has given is no id of any, where moto breaks."""
        alias = self.get_alias_name(key_id)
        return alias if alias.startswith("alias/") and not self.alias_exists(alias) else str(original(self, key_id))

    @replaces(KmsResponse, "decrypt")
    def decrypt(original: Callable[..., Any], self: Any) -> Any:
        try:
            who = caller_of(self, context.backends)
            if who is not None:
                key = self.kms_backend.keys.get(self.kms_backend.any_id_to_key_id(self._get_param("KeyId") or ""))
                given = self._get_param("EncryptionContext") or {}
                bound = {f"kms:EncryptionContext:{name}": str(value) for name, value in given.items()}
                authorize(who, Permission("kms:Decrypt", key.arn if key else "*", bound))
        except signature.SignatureError as error:
            raise JsonRESTError(error.code, str(error)) from error
        return original(self)


def aws_managed_key(account: str, region: str, service: str, protects: str) -> Any:
    """Return the account's own key for a service, made at its first use.

    AWS manages it and rotates it once a year, whoever asks:
    https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
    """
    keys, alias = kms_backends[account][region], f"alias/aws/{service}"
    if not keys.alias_exists(alias):
        made = keys.create_key(
            policy="",
            key_usage="ENCRYPT_DECRYPT",
            key_spec="SYMMETRIC_DEFAULT",
            description=f"Default key that protects my {protects} when no other key is defined",
            tags=None,
        )
        made.key_manager, made.key_rotation_status = "AWS", True
        keys.create_alias(made.id, alias)
    return keys.describe_key(alias)


def _named_by_arn() -> None:
    """Delete a key, or keep it, by its ARN, too, where moto knows its id only.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
    """
    for operation in ("schedule_key_deletion", "cancel_key_deletion", "enable_key", "disable_key"):

        @replaces(KmsBackend, operation)
        def decide(original: Callable[..., Any], self: Any, key_id: str, *more: Any) -> Any:
            return original(self, key_id.rpartition("/")[2], *more)
