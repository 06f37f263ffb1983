# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What a site asks of Apache and PHP, checked as far as is known, and completed."""

from __future__ import annotations

import typing as t

from .._resource import Resource
from . import extensions, headers, ini, paths, requests
from .systems import System, system_of, system_of_image, version_of

STANDARD: t.Final = (
    *("curl", "exif", "fileinfo", "gd", "intl", "mbstring", "opcache", "posix"),
    *("simplexml", "xml", "xmlreader", "xmlwriter", "zip"),
)
"""What nearly every PHP application asks for; every site has it."""
_SESSION_SECONDS = 1440
"""PHP's default of session.gc_maxlifetime."""


def checked(params: t.Mapping[str, t.Any]) -> Resource:
    """Return the settings, complete; raise SettingsError for the first that can't be.

    As long as no machine says which system it is, the name of its image's parameter may.
    """
    php = params["php"]
    system = system_of(params["system"]) if params["system"] else system_of_image(params["ami_parameter"] or "")
    front_controller = paths.inside("site_front_controller", params["front_controller"])
    public_folder = paths.inside("site_public_folder", params["public_folder"])
    paths.check_answers(front_controller, params["htaccess"])
    paths.check_packages(params["packages"])
    paths.check_present(params["files"], public_folder, front_controller)
    chosen = sorted({*STANDARD, *(extensions.known(name) for name in php["extensions"])})
    settings = ini.merged(php["settings"], {*chosen, *_always(system)})
    with_php, without_php = paths.shared_by_php(params["shared_paths"], php["shared_paths"])
    version = version_of(php["version"], system)
    sent = headers.merged(params["headers"])
    strict = headers.transport_security(sent)
    return {
        "version": version,
        "extensions": chosen,
        "packages": _packages(chosen, system, version) if system and version else [],
        "ini": ini.lines(settings),
        "file_sessions": ini.handles_sessions(settings),
        "session_seconds": int(settings.get("session.gc_maxlifetime", _SESSION_SECONDS)),
        "largest_body": ini.bytes_of(settings["post_max_size"]),
        "disabled_functions": [] if "disable_functions" in settings else list(ini.DISABLED_FUNCTIONS),
        "headers": [{"name": name, "value": value} for name, value in sent.items()],
        "strict_transport_security": strict._asdict() if strict else None,
        "methods": requests.methods(params["methods"]),
        "denied_files": requests.denied(params["denied_files"]),
        "public_folder": public_folder,
        "front_controller": front_controller,
        "with_php": with_php,
        "without_php": without_php,
    }


def _packages(chosen: t.Iterable[str], system: System, version: str) -> list[str]:
    """Return the packages of PHP: its process manager, its command line for hooks and jobs, its extensions."""
    prefix = system.prefix.format(version=version)
    return sorted({f"{prefix}fpm", f"{prefix}cli", *extensions.packages_of(chosen, system, version)})


def _always(system: System | None) -> t.Iterator[str]:
    """Yield the extensions that need no package, on this system or on any."""
    for name, packaging in extensions.EXTENSIONS.items():
        ends = {"Debian": (packaging.debian,), "RedHat": (packaging.redhat,)}
        of = ends[system.family] if system else (packaging.debian, packaging.redhat)
        if extensions.BUILT_IN in of:
            yield name
