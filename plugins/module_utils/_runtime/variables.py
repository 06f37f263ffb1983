# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: may change without notice.
"""Which names and values an environment may have."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Mapping

from .error import RuntimeSettingError

# https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html, and what systemd and PHP-FPM take.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

# An application takes these for what a visitor sent: https://httpoxy.org, RFC 3875 section 4.1.
_OF_REQUESTS = (
    "HTTP_",
    "REQUEST_",
    "REMOTE_",
    "SERVER_",
    "SCRIPT_",
    "DOCUMENT_",
    "REDIRECT_",
    "PATH_",
    "PHP_",
    "FCGI_",
)
# The dynamic linker, the shell, systemd and PHP-FPM act on these.
_OF_PROGRAMS = ("LD_", "BASH", "SYSTEMD_", "LISTEN_", "NOTIFY_", "WATCHDOG_", "JOURNAL_", "FPM_", "COMP_", "HASITE_")
_OF_A_REQUEST = """
AUTH_TYPE CONTENT_LENGTH CONTENT_TYPE CONTEXT_DOCUMENT_ROOT CONTEXT_PREFIX GATEWAY_INTERFACE HTTPS ORIG_PATH_INFO
ORIG_SCRIPT_NAME QUERY_STRING UNIQUE_ID USER_NAME
"""
# environ(7) and systemd.exec(5), "Environment Variables Set or Propagated by the Service Manager".
_OF_A_PROCESS = """
CACHE_DIRECTORY CONFIGURATION_DIRECTORY CREDENTIALS_DIRECTORY ENV HOME IFS INVOCATION_ID LOGNAME LOGS_DIRECTORY MAINPID
MANAGERPID MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE OLDPWD PATH PHPRC PIDFILE PS4 PWD RUNTIME_DIRECTORY SHELL
SHELLOPTS SHLVL STATE_DIRECTORY USER _
"""
# bash(1), "Shell Variables": those that the shell does not take from a file.
_OF_THE_SHELL = """
DIRSTACK EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HISTCMD LINENO OPTARG OPTIND OPTERR PIPESTATUS PPID RANDOM
SECONDS SRANDOM UID
"""
_SINGLE = frozenset((_OF_A_REQUEST + _OF_A_PROCESS + _OF_THE_SHELL).split())


def check_name(setting: str, name: t.Any) -> str:
    """Return the variable's name, or raise RuntimeSettingError if it is none or means something else."""
    if not isinstance(name, str) or not _NAME.match(name):
        raise RuntimeSettingError(
            f"{setting} has {name!r}, which is no name of an environment variable; use letters, digits and underscores,"
            " and no digit first."
        )
    if name in _SINGLE or name.startswith(_OF_REQUESTS + _OF_PROGRAMS):
        raise RuntimeSettingError(
            f"{setting} has {name}, which the system, the web server or PHP sets itself; choose another name, such as "
            f"APP_{name.strip('_') or 'VALUE'}."
        )
    return name


def plain_text(setting: str, name: str, value: t.Any) -> str:
    """Return a plain variable's text.

    Whole numbers are taken as written. What YAML reads as something else (`yes`, `1.10`, nothing) would
    arrive as another text than the user wrote, and is refused.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise RuntimeSettingError(
        f"{setting}.{name} is {value!r}, which is no text; put the value that the application expects in quotes."
    )


def plain_texts(setting: str, values: Mapping[t.Any, t.Any]) -> dict[str, str]:
    """Return plain variables, name to text, all checked."""
    return {check_name(setting, name): plain_text(setting, name, value) for name, value in values.items()}


def check_disjoint(plain: Iterable[str], secret: Iterable[str]) -> None:
    """Refuse a variable that is both plain and secret."""
    both = sorted(set(plain) & set(secret))
    if both:
        raise RuntimeSettingError(
            f"{', '.join(both)} is in site_environment and in site_secrets; leave it in one of them."
        )
