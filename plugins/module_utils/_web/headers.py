# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The headers that every answer of a site has, unless the application sets them itself.

What they are for: https://owasp.org/www-project-secure-headers/
"""

from __future__ import annotations

import re
import typing as t

from .._settings.error import SettingsError

TRANSPORT_SECURITY: t.Final = "Strict-Transport-Security"
DEFAULTS: t.Final[t.Mapping[str, str]] = {
    # Reported in the browser's console and not enforced: only its owner knows what a site loads from elsewhere.
    "Content-Security-Policy-Report-Only": (
        "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"
    ),
    # Windows that the site opens, as for a login elsewhere, keep their way back.
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    TRANSPORT_SECURITY: "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Permitted-Cross-Domain-Policies": "none",
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*\Z")
# Printable ASCII; `${` is a variable of Apache's configuration.
_VALUE = re.compile(r"(?!.*\$\{)[\x20-\x7e]+\Z")
_OTHERS: t.Final = (
    *("connection", "content-encoding", "content-length", "content-type", "date", "location", "set-cookie"),
    *("server", "status", "transfer-encoding", "vary"),
)
"""What an answer has because of what it is."""


class TransportSecurity(t.NamedTuple):
    """A value of Strict-Transport-Security: https://www.rfc-editor.org/rfc/rfc6797#section-6.1."""

    max_age: int
    """In seconds."""
    include_subdomains: bool
    preload: bool


def merged(wanted: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return name to value, sorted by name; a wanted value replaces the default, and an empty one takes it away.

    Raises SettingsError for a name or a value that no header has, and for headers that are not the same in all answers.
    """
    found = {name.lower(): (name, value) for name, value in DEFAULTS.items()}
    for name, value in wanted.items():
        _check(name, value)
        found[name.lower()] = (name, str(value or "").strip())
    return {name: value for name, value in sorted(found.values()) if value}


def _check(name: str, value: t.Any) -> None:
    if not _NAME.match(name):
        raise SettingsError(f"site_headers names {name!r}, which is no header's name; write it as in Referrer-Policy.")
    if name.lower() in _OTHERS:
        raise SettingsError(
            f"site_headers names {name}, which is not the same for all answers; take it out, the application sets it."
        )
    if value not in (None, "") and not (isinstance(value, str) and _VALUE.match(value)):
        raise SettingsError(
            f"site_headers.{name} is {value!r}; give it one line of printable ASCII without ${{, or an empty text to "
            "have no such header."
        )
    if name.lower() == TRANSPORT_SECURITY.lower() and value:
        transport_security({name: value})


def transport_security(headers: t.Mapping[str, str]) -> TransportSecurity | None:
    """Return what the headers say about HTTPS; None if they have no Strict-Transport-Security."""
    value = next((value for name, value in headers.items() if name.lower() == TRANSPORT_SECURITY.lower()), None)
    if value is None:
        return None
    parts = [part.strip().lower() for part in value.split(";") if part.strip()]
    ages = [found for part in parts if (found := re.fullmatch(r'max-age="?(\d{1,10})"?', part))]
    others = [part for part in parts if not part.startswith("max-age")]
    if len(ages) != 1 or len(ages) + len(others) != len(parts) or set(others) - {"includesubdomains", "preload"}:
        raise SettingsError(
            f"site_headers.{TRANSPORT_SECURITY} is {value!r}; write max-age=SECONDS, and behind it, if wanted, "
            "; includeSubDomains and ; preload."
        )
    return TransportSecurity(int(ages[0][1]), "includesubdomains" in others, "preload" in others)
