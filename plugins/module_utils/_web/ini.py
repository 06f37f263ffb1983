# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Settings of php.ini: what may be set, and how a value is written."""

from __future__ import annotations

import difflib
import re
import typing as t

from .._settings.error import SettingsError
from .directives import DIRECTIVES

Value = t.Union[str, int, float, bool]  # an alias is evaluated, by Python 3.9 too

DEFAULTS: t.Final[t.Mapping[str, Value]] = {
    "upload_max_filesize": "64M",
    "memory_limit": "256M",
    "max_input_vars": 5000,
    "display_errors": False,
    "log_errors": True,
    # A session's cookie is sent by HTTPS only, not shown to scripts, and not sent along with other sites' forms.
    "session.cookie_secure": True,
    "session.cookie_httponly": True,
    "session.cookie_samesite": "Lax",
    # A session that the visitor has named and the site has not begun is not taken up.
    "session.use_strict_mode": True,
}
"""What differs from PHP's own defaults for every site: PHP takes uploads of 2 MB and forms of 1000 fields."""
DISABLED_FUNCTIONS: t.Final = ("exec", "passthru", "pcntl_exec", "popen", "proc_open", "shell_exec", "system")
"""What PHP starts programs with. Pages seldom need it, and whoever breaks into one wants it first."""
_REST_OF_A_FORM = 8 << 20
"""A request with an upload has other fields and the parts' heads too."""

_BY_ROLE = "set the role variable web_php_revalidate_seconds instead, for a new release is seen by it"
RESERVED: t.Final[t.Mapping[str, str]] = {
    "extension": "name extensions in site_php.extensions instead",
    "zend_extension": "name extensions in site_php.extensions instead",
    "extension_dir": "extensions lie where the system's packages put them",
    "doc_root": "set site_public_folder instead",
    "user_dir": "set site_public_folder instead",
    "opcache.enable": "without it every request compiles the site from the share",
    "opcache.validate_timestamps": "without it PHP would serve the old release after a new one",
    "opcache.revalidate_path": "without it PHP would serve the old release after a new one",
    "opcache.revalidate_freq": _BY_ROLE,
    "realpath_cache_ttl": _BY_ROLE,
    "user_ini.cache_ttl": _BY_ROLE,
    "opcache.preload": "preloaded code is changed by a restart of PHP only, which a new release does without",
    "opcache.preload_user": "preloaded code is changed by a restart of PHP only, which a new release does without",
    "opcache.memory_consumption": "set the role variable web_php_opcache_megabytes instead",
}
"""What the web role decides, and why."""
_SESSIONS = ("session.save_path", "session.gc_probability", "session.gc_divisor")

_SIZE = re.compile(r"(-1|0|[1-9]\d*)([KMGkmg]?)\Z")
_SIZES = ("memory_limit", "post_max_size", "realpath_cache_size", "upload_max_filesize")
_NUMBERS = (
    *("max_execution_time", "max_file_uploads", "max_input_nesting_level", "max_input_time", "max_input_vars"),
    *("default_socket_timeout", "opcache.max_accelerated_files", "opcache.interned_strings_buffer"),
    *("session.cookie_lifetime", "session.gc_maxlifetime"),
)
_CONSTANTS = re.compile(r"[E_A-Z0-9 &|~^()]+\Z")


def bytes_of(value: Value) -> int:
    """Return how many bytes PHP understands by a size such as `64M`; -1 and 0 stay, for they mean no limit."""
    found = _SIZE.match(str(value))
    if not found:
        raise SettingsError(f"{value!r} is not a size; write a number of bytes, or one with K, M or G.")
    return int(found[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[found[2].upper()]


def written(name: str, value: Value) -> str:
    """Return a value as php.ini has it, so that PHP reads just this value."""
    if isinstance(value, bool):
        return "On" if value else "Off"
    text = str(value)
    if re.match(r"-?\d+(\.\d+)?\Z", text) or (_SIZE.match(text) and name in _SIZES):
        return text
    # An expression of constants means something only without quotes.
    if name == "error_reporting" and _CONSTANTS.match(text):
        return text
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise SettingsError(f"site_php.settings.{name} has a control character, which php.ini can't hold; take it out.")
    # Within single quotes PHP takes every other character as it is.
    if "'" not in text:
        return f"'{text}'"
    if not re.search(r'["\\$]', text):
        return f'"{text}"'
    raise SettingsError(
        f"site_php.settings.{name} has a single quote beside a double quote, a backslash or a dollar sign, which "
        "php.ini can't hold together; leave one of them out."
    )


def merged(wanted: t.Mapping[str, t.Any], extensions: t.Collection[str]) -> dict[str, Value]:
    """Return all settings; refuse what PHP does not know, what is not to be set, and what is no value."""
    for name, value in wanted.items():
        _check_name(name, extensions)
        _check_value(name, value)
    settings: dict[str, Value] = {**DEFAULTS, **wanted}
    if handles_sessions(settings) and set(wanted) & set(_SESSIONS):
        named = sorted(set(wanted) & set(_SESSIONS))
        raise SettingsError(
            f"site_php.settings names {named[0]}, but where sessions lie is decided by site_sessions; "
            "leave it out, or set session.save_handler as well."
        )
    upload = bytes_of(settings["upload_max_filesize"])
    settings.setdefault("post_max_size", upload + _REST_OF_A_FORM)
    post = bytes_of(settings["post_max_size"])
    if 0 < post < upload:
        raise SettingsError(
            f"site_php.settings.post_max_size is {settings['post_max_size']}, less than upload_max_filesize, "
            f"{settings['upload_max_filesize']}: such an upload would arrive as an empty form; make it greater."
        )
    return settings


def handles_sessions(settings: t.Mapping[str, Value]) -> bool:
    """Return whether sessions are PHP's own files, which site_sessions is about."""
    return settings.get("session.save_handler", "files") == "files"


def _check_name(name: str, extensions: t.Collection[str]) -> None:
    if name in RESERVED:
        raise SettingsError(f"site_php.settings names {name}, which the site needs as it is: {RESERVED[name]}.")
    if name not in DIRECTIVES:
        close = difflib.get_close_matches(name, DIRECTIVES, 1)
        hint = f"did you mean {close[0]}?" if close else "write it as php.ini does."
        raise SettingsError(f"site_php.settings names {name!r}, which PHP does not know; {hint}")
    if DIRECTIVES[name] and DIRECTIVES[name] not in extensions:
        raise SettingsError(
            f"site_php.settings names {name}, which belongs to the extension {DIRECTIVES[name]}; "
            f"add {DIRECTIVES[name]} to site_php.extensions."
        )


def _check_value(name: str, value: t.Any) -> None:
    if not isinstance(value, (str, int, float, bool)):
        raise SettingsError(f"site_php.settings.{name} is {value!r}; give it a text, a number, true or false.")
    if name in _SIZES and (isinstance(value, bool) or not _SIZE.match(str(value))):
        raise SettingsError(
            f"site_php.settings.{name} is {value!r}, which is not a size; "
            "write a number of bytes, or one with K, M or G."
        )
    if name in _NUMBERS and (isinstance(value, bool) or not re.match(r"-?\d+\Z", str(value))):
        raise SettingsError(f"site_php.settings.{name} is {value!r}; give it a whole number.")
    written(name, value)


def lines(settings: t.Mapping[str, Value]) -> list[str]:
    """Return the lines of an ini file."""
    return [f"{name} = {written(name, value)}" for name, value in sorted(settings.items())]
