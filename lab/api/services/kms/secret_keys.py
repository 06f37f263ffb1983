# SPDX-License-Identifier: GPL-3.0-or-later
"""The KMS keys of SecureString parameters and of secrets: who reads a value needs the key, too.

The keys that AWS manages let everybody in the account use them by way of their service; a customer's key
has the default policy, which leaves the decision to IAM.
https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
https://docs.aws.amazon.com/kms/latest/developerguide/services-secrets-manager.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.ssm.exceptions import SSMException
from moto.ssm.responses import SimpleSystemManagerResponse

from lab.api.callers.authorization import role_session
from lab.api.moto.extension import replaces
from lab.base.backends import ACCOUNT, Backends
from lab.context import Context
from lab.world.access.api_permissions import parameter_arn
from lab.world.access.permissions import verdict

_MANAGED = ("alias/aws/ssm", "alias/aws/secretsmanager")


def extend(context: Context) -> None:
    """Ask for the key before a value is given."""
    _parameters(context.backends)
    _secrets(context.backends)
    _stored(context.backends)


def _parameters(backends: Backends) -> None:
    for name in ("get_parameter", "get_parameters"):

        @replaces(SimpleSystemManagerResponse, name)
        def read(original: Callable[..., Any], self: Any) -> Any:
            names = self._get_param("Names") or [self._get_param("Name") or ""]
            if self._get_param("WithDecryption"):
                for found in _secure(self.ssm_backend, names):
                    arn = parameter_arn(self.region, ACCOUNT, found.name)
                    if not _may_use(self, backends, found.keyid, {"PARAMETER_ARN": arn}):
                        raise SSMException(
                            "AccessDeniedException",
                            "The ciphertext refers to a customer master key that does not exist, does not exist in this"
                            " region, or you are not allowed to access.",
                        )
            return original(self)


def _secure(backend: Any, names: list[str]) -> list[Any]:
    found = [backend.get_parameter(name) for name in names]
    return [parameter for parameter in found if parameter is not None and parameter.parameter_type == "SecureString"]


def _secrets(backends: Backends) -> None:
    @replaces(SecretsManagerResponse, "get_secret_value")
    def get_secret_value(original: Callable[..., Any], self: Any) -> Any:
        store, name = self.backend.secrets, self._get_param("SecretId") or ""
        secret = store.get(name)
        key = getattr(secret, "kms_key_id", None)
        if secret is not None and not _may_use(self, backends, key, {"SecretARN": secret.arn}):
            raise JsonRESTError("AccessDeniedException", "Access to KMS is not allowed")
        return original(self)


def _may_use(call: Any, backends: Backends, key: str | None, encryption: dict[str, str]) -> bool:
    """Tell whether the caller may decrypt with a key, by way of the service that is called."""
    who = role_session(call, backends)
    if who is None:
        return True
    managed = not key or key.endswith(_MANAGED)
    arn = _arn(backends, call.region, key or "")
    context = {"kms:ViaService": f"{call.service_name}.{call.region}.amazonaws.com", "kms:CallerAccount": ACCOUNT}
    context |= {f"kms:EncryptionContext:{name}": value for name, value in encryption.items()}
    decision = verdict(backends.at("iam", "aws"), who.role, "kms:Decrypt", arn, context)
    return decision == "allow" or (managed and decision == "none")


def _arn(backends: Backends, region: str, key: str) -> str:
    found = _found(backends, region, key)
    return str(found.arn) if found else f"arn:aws:kms:{region}:{ACCOUNT}:key/managed-by-aws"


def _found(backends: Backends, region: str, key: str) -> Any:
    """Return the KMS key of an id, an ARN or an alias, or None."""
    kms = backends.at("kms", region)
    if kms.get_alias_name(key).startswith("alias/") and not kms.alias_exists(kms.get_alias_name(key)):
        return None
    return kms.keys.get(kms.any_id_to_key_id(key))


def _stored(backends: Backends) -> None:
    @replaces(SimpleSystemManagerResponse, "put_parameter")
    def put_parameter(original: Callable[..., Any], self: Any) -> Any:
        # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
        key = self._get_param("KeyId")
        if key and not key.endswith(_MANAGED) and _found(backends, self.region, key) is None:
            raise SSMException("InvalidKeyId", f"Invalid keyId {key}")
        return original(self)
