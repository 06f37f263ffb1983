# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module `hasite.aws.site_environment`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_environment
short_description: Write a site's environment variables and secrets to a file on the machine
version_added: 0.1.0
author:
  - hasite.aws contributors (@hasite)
description:
  - Runs on the machine, reads the secrets with the machine's own role, and writes them and the plain variables to one
    file that root alone can read. Secrets never pass the controller, and are part of no argument, result or message.
  - systemd reads the file by C(EnvironmentFile=), and a POSIX shell by C(.). Values may hold quotes, C($), C(%), C(#),
    spaces, line ends and any letters; other control characters are refused, since systemd passes them to no process.
  - Without variables and secrets there is no file.
attributes:
  check_mode:
    support: full
    description: Says whether the file would change; the secrets are read.
  diff_mode:
    support: full
    description: Shows the variables' names and which of them change, and no value.
options:
  path:
    description: The file. Its folder must exist.
    type: path
    default: /etc/hasite/environment
  environment:
    description:
      - Plain variables, name to value. Values are texts and whole numbers.
      - Names that the system, the web server or PHP sets are refused.
    type: dict
    default: {}
  secrets:
    description:
      - Secret variables, name to where the value is.
      - A dictionary with C(parameter) names a SecureString parameter of SSM's Parameter Store.
      - A dictionary with C(secret) names a secret of Secrets Manager, whose whole text is the value. With C(key) too,
        the value is that field of the secret's JSON.
    type: dict
    default: {}
  region:
    description: The region of the parameters and secrets. Required if there are O(secrets).
    type: str
requirements:
  - boto3 on the machine, if there are O(secrets)
"""

EXAMPLES = r"""
- name: Write the environment
  hasite.aws.site_environment:
    environment:
      APP_ENV: production
    secrets:
      DATABASE_PASSWORD:
        parameter: /shop/database-password
      API_TOKEN:
        secret: shop/api
        key: token
    region: ap-northeast-1

- name: Remove the environment
  hasite.aws.site_environment:
"""

RETURN = r"""
names:
  description: The names of all variables in the file.
  returned: success
  type: list
  elements: str
  sample: [API_TOKEN, APP_ENV, DATABASE_PASSWORD]
changed_names:
  description: The names of the variables that came, went, or got another value.
  returned: success
  type: list
  elements: str
  sample: [DATABASE_PASSWORD]
"""

import os
import stat
import tempfile
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.hasite.aws.plugins.module_utils._runtime import environment_file
from ansible_collections.hasite.aws.plugins.module_utils._runtime.error import RuntimeSettingError
from ansible_collections.hasite.aws.plugins.module_utils._runtime.secret_values import HAS_BOTO3, Reader
from ansible_collections.hasite.aws.plugins.module_utils._runtime.sources import sources_of
from ansible_collections.hasite.aws.plugins.module_utils._runtime.variables import check_disjoint, plain_texts

_MODE = 0o600


def present(path: Path) -> str | None:
    """Return the file's text, or None if it is not there or somebody else could have read or written it."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) != _MODE or found.st_uid != os.geteuid():
        return None
    return path.read_bytes().decode("utf-8", "surrogateescape")


def write(path: Path, text: str) -> None:
    """Put the text in the file's place at once; nobody else can read it at any moment."""
    handle, name = tempfile.mkstemp(prefix=".environment-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


def changed_names(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return the names whose values differ, sorted."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def shown(names: t.Iterable[str], changed: t.Iterable[str], told: str) -> str:
    """Return what a difference shows: names, and a word in a value's place."""
    return "".join(f"{name}={told if name in changed else '(unchanged)'}\n" for name in sorted(names))


def run(params: dict[str, t.Any], check: bool, reader: Reader | None) -> dict[str, t.Any]:
    """Bring the file into the wanted state and return the module's result."""
    plain = plain_texts("site_environment", params["environment"])
    sources = sources_of(params["secrets"])
    check_disjoint(plain, sources)
    values = {**plain, **(reader.values(sources) if reader else {})}
    path = Path(params["path"])
    wanted, found = environment_file.render(values), present(path)
    changed = found != wanted if values else path.exists() or path.is_symlink()
    if changed and not check:
        if values:
            write(path, wanted)
        else:
            path.unlink()
    before = environment_file.parse(found or "")
    names = changed_names(before, values)
    return {
        "changed": changed,
        "names": sorted(values),
        "changed_names": names,
        "diff": {
            "before": shown(before, names, "(a value)"),
            "after": shown(values, names, "(another value)"),
        },
    }


ARGUMENTS = {
    "path": {"type": "path", "default": "/etc/hasite/environment"},
    "environment": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}, "no_log": False},
    "region": {"type": "str"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    if params["secrets"] and not HAS_BOTO3:
        module.fail_json(msg=missing_required_lib("boto3"))
    if params["secrets"] and not params["region"]:
        module.fail_json(msg="secrets need the region in which they are; set region.")
    try:
        result = run(params, module.check_mode, Reader(params["region"]) if params["secrets"] else None)
    except RuntimeSettingError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The file {params['path']} can't be written: {error}.")
    if not module._diff:
        del result["diff"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
