# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All private names of ansible-core that warm interpreters and built modules rely on.

PRIVATE to the collection. Runs under any Python from 3.9; only functions that say so need ansible-core.
Where a coming ansible-core lacks one, `GoneError` or `obstacle` says which, once a run, and modules are built and run
as ansible-core does it. tests/unit/plugins/connection/test_private_names.py takes each of them away.
"""

from __future__ import annotations

import re
from pathlib import Path

BASE = ("ansible.module_utils.basic", "ansible.module_utils._internal._ansiballz._loader")
"""What the wrapper of each payload imports."""
LOCK_SUFFIX = ".lock"
"""Of the files beside built modules that hold none."""
BUILT = re.compile(r"(ansible\.modules\.\w+|ansible_collections\.\w+\.\w+\.plugins\.modules\.[\w.]+)-[A-Z_]+-none")
"""The file of a built module whose source its name tells: not those of roles and playbooks, which share their names."""
SOURCES = ("modules", "module_utils", "plugins/modules", "plugins/module_utils", "meta", "executor", "_internal")
"""What of ansible-core and of a collection a built module comes from, is redirected by, or is built with."""
_RUN_FOLDER = "ansiballz_cache"
_WRAPPER = re.compile(rb"ansiballz", re.IGNORECASE)
_WRAPPER_WITHIN = 8192
_MODULE = re.compile(rb"\bmodule_fqn='([\w.]+)'")
_LONG_WORD = re.compile(rb"[A-Za-z0-9+/=]{1000,}")
_INTERPRETER_LINE = re.compile(rb"#!([^\n]*)\n")
_ORDINARY = re.compile(rb"/[\w./+-]*/python[0-9.]*")


class GoneError(Exception):
    """A clause that says what this ansible-core lacks."""


def warning(what: str, reason: str) -> str:
    """Return the sentence that says what is done in the ordinary way, and for which clause. Needs ansible-core."""
    from ansible.release import __version__

    return f"{what}, for hasite.aws does not know ansible-core {__version__} well enough: {reason}."


def run_folder() -> Path:
    """Return the folder in which ansible-core keeps what this run has built. Needs ansible-core."""
    from ansible import constants

    folder = getattr(constants, "DEFAULT_LOCAL_TMP", None)
    if not folder:
        raise GoneError("it has no constant DEFAULT_LOCAL_TMP")
    return Path(folder) / _RUN_FOLDER


def folders_of_module_utils() -> list[Path]:
    """Return the folders from which `ansible.module_utils` is taken, as configured. Needs ansible-core."""
    from ansible.plugins import loader

    try:
        return [Path(path) for path in loader.module_utils_loader.print_paths().split(":")]
    except AttributeError as error:
        raise GoneError("it has no plugins.loader.module_utils_loader.print_paths") from error


def is_wrapped(payload: bytes) -> bool:
    """Tell whether this is a module in the wrapper of ansible-core, called AnsiballZ, rather than another program."""
    return _WRAPPER.search(payload, 0, _WRAPPER_WITHIN) is not None


def module_name(payload: bytes) -> str:
    """Return a wrapped module's full name, with which the name of its file in `run_folder` begins."""
    found = _MODULE.search(payload)
    if not found:
        raise GoneError("its payloads name no module_fqn")
    return found[1].decode()


def archive_place(payload: bytes) -> slice:
    """Return where a payload's archive is: it is the one long word, whatever the wrapper around it looks like."""
    longest = max(_LONG_WORD.finditer(payload), key=lambda match: len(match[0]), default=None)
    return slice(longest.start(), longest.end()) if longest else slice(0, 0)


def obstacle(payload: bytes, *, understood: bool) -> str:
    """Return what is not known of a wrapped module that was sent, as a clause; "" if all is, or it is none.

    `understood` tells whether its command line was. With an interpreter of an unusual name it never is.
    """
    if not is_wrapped(payload):
        return ""
    interpreter = _INTERPRETER_LINE.match(payload)
    if not understood and (not interpreter or _ORDINARY.fullmatch(interpreter[1])):
        return "it runs modules by a command line that is not known"
    if understood and not _LONG_WORD.search(payload):
        return "it packs modules in a way that is not known"
    return ""
