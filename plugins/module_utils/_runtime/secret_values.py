# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: may change without notice.
"""Reads secrets' values on a machine, with the machine's role; a value is never part of a message."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from .error import RuntimeSettingError
from .sources import SETTING, Source

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    HAS_BOTO3 = False
else:
    HAS_BOTO3 = True

_MOST_AT_ONCE = 10
"""https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html"""
_PERMIT = "run provision.yml, which lets the machines' role read what site_secrets names"


class Reader:
    """Reads from SSM and Secrets Manager of one region."""

    def __init__(self, region: str) -> None:
        self._session = boto3.session.Session(region_name=region)
        self._config = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=30)
        self._clients: dict[str, t.Any] = {}

    def values(self, sources: Mapping[str, Source]) -> dict[str, str]:
        """Return each variable's value, or raise RuntimeSettingError."""
        parameters = self._parameters({source.name for source in sources.values() if source.service == "parameter"})
        secrets = self._secrets({source.name for source in sources.values() if source.service == "secret"})
        return {
            variable: parameters[source.name]
            if source.service == "parameter"
            else field(variable, source, secrets[source.name])
            for variable, source in sources.items()
        }

    def _client(self, service: str) -> t.Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service, config=self._config)
        return self._clients[service]

    def _parameters(self, names: set[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for some in _chunks(sorted(names)):
            ask = partial(self._client("ssm").get_parameters, Names=some, WithDecryption=True)
            answer = _asked(f"the parameters {', '.join(some)}", ask)
            if answer["InvalidParameters"]:
                raise RuntimeSettingError(
                    f"{SETTING} names the parameter {answer['InvalidParameters'][0]}, which SSM does not have in this "
                    "region; store it as a SecureString, or correct the name."
                )
            found.update({parameter["Name"]: _secure(parameter) for parameter in answer["Parameters"]})
        return found

    def _secrets(self, names: set[str]) -> dict[str, str]:
        found = {}
        for name in sorted(names):
            ask = partial(self._client("secretsmanager").get_secret_value, SecretId=name)
            answer = _asked(f"the secret {name}", ask)
            if "SecretString" not in answer:
                raise RuntimeSettingError(
                    f"The secret {name} is binary, and an environment variable is a text; store it as text, "
                    "for example as base64."
                )
            found[name] = answer["SecretString"]
        return found


def _chunks(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _MOST_AT_ONCE):
        yield names[start : start + _MOST_AT_ONCE]


def _asked(told: str, ask: t.Callable[[], t.Any]) -> t.Any:
    try:
        return ask()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("AccessDeniedException", "AccessDenied"):
            raise RuntimeSettingError(f"The machine's role may not read {told}; {_PERMIT}.") from error
        if code == "ResourceNotFoundException":
            raise RuntimeSettingError(
                f"{SETTING} names {told}, which Secrets Manager does not have in this region; create it."
            ) from error
        raise RuntimeSettingError(f"AWS did not give {told}: {error}.") from error
    except BotoCoreError as error:
        raise RuntimeSettingError(f"AWS did not give {told}: {error}.") from error


def _secure(parameter: Mapping[str, t.Any]) -> str:
    if parameter["Type"] != "SecureString":
        raise RuntimeSettingError(not_secure(parameter["Name"], parameter["Type"]))
    return str(parameter["Value"])


def not_secure(name: str, kind: str) -> str:
    """Return the sentence about a parameter that everybody who may describe it can read."""
    return (
        f"{SETTING} names the parameter {name}, which is of type {kind} and so stored in clear text; "
        "store it as a SecureString, or give the value in site_environment if it is no secret."
    )


def field(variable: str, source: Source, text: str) -> str:
    """Return a secret's value: the whole text, or the field of its JSON that the source names."""
    if not source.key:
        return text
    try:
        held = json.loads(text)
    except ValueError:
        held = None
    if not isinstance(held, dict):
        # Not raised in the handler: a JSON error carries the document.
        raise RuntimeSettingError(
            f"{SETTING}.{variable} asks for the field {source.key} of the {source.told}, which is no JSON object; "
            "leave out the key, or store an object."
        )
    if source.key not in held:
        raise RuntimeSettingError(
            f"{SETTING}.{variable} asks for the field {source.key} of the {source.told}, whose JSON has only "
            f"{_named(held)}."
        )
    value = held[source.key]
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return json.dumps(value)
    raise RuntimeSettingError(
        f"The field {source.key} of the {source.told} is neither a text nor a number; {SETTING}.{variable} needs one."
    )


def _named(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "no fields"
