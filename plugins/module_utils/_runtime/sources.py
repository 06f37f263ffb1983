# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: may change without notice.
"""Where a secret is: a parameter of SSM's Parameter Store, or a secret of Secrets Manager."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from .error import RuntimeSettingError
from .variables import check_name

SETTING = "site_secrets"
# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
_PARAMETER = re.compile(r"(?:/[A-Za-z0-9_.-]+)+\Z|[A-Za-z0-9_.-]+\Z")
_LONGEST_PARAMETER = 1011
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
_SECRET = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}\Z")
_HOW = "write {parameter: /shop/database-password}, or {secret: shop/api, key: token}"


@dataclass(frozen=True)
class Source:
    """Where a variable's value is: `service` is `parameter` or `secret`, `key` a field of a secret's JSON or ""."""

    service: str
    name: str
    key: str = ""

    @property
    def told(self) -> str:
        """The source as messages name it."""
        return f"parameter {self.name}" if self.service == "parameter" else f"secret {self.name}"


def source_of(variable: str, given: t.Any) -> Source:
    """Return where a variable's value is, or raise RuntimeSettingError."""
    if not isinstance(given, Mapping) or ("parameter" in given) == ("secret" in given):
        raise RuntimeSettingError(f"{SETTING}.{variable} does not say where the value is; {_HOW}.")
    unknown = sorted(set(given) - ({"parameter"} if "parameter" in given else {"secret", "key"}))
    if unknown:
        raise RuntimeSettingError(f"{SETTING}.{variable} has {', '.join(map(str, unknown))}; {_HOW}.")
    if "parameter" in given:
        return Source("parameter", _parameter(variable, given["parameter"]))
    return Source("secret", _secret(variable, given["secret"]), _key(variable, given.get("key", "")))


def _parameter(variable: str, name: t.Any) -> str:
    if not isinstance(name, str) or not _PARAMETER.match(name) or len(name) > _LONGEST_PARAMETER:
        raise RuntimeSettingError(
            f"{SETTING}.{variable} names the parameter {name!r}; a parameter's name has letters, digits, dots, hyphens "
            "and underscores, and begins with a slash if it has levels, as in /shop/database-password."
        )
    return name


def _secret(variable: str, name: t.Any) -> str:
    if not isinstance(name, str) or not _SECRET.match(name):
        raise RuntimeSettingError(
            f"{SETTING}.{variable} names the secret {name!r}; give the secret's name, not its ARN: letters, digits "
            "and /_+=.@-, as in shop/api."
        )
    return name


def _key(variable: str, key: t.Any) -> str:
    if not isinstance(key, str):
        raise RuntimeSettingError(f"{SETTING}.{variable} has the key {key!r}; name a field of the secret's JSON.")
    return key


def sources_of(given: Mapping[t.Any, t.Any]) -> dict[str, Source]:
    """Return the secrets, variable's name to source, all checked."""
    return {check_name(SETTING, name): source_of(name, where) for name, where in given.items()}
