#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at a web machine from inside."""

from __future__ import annotations

DOCUMENTATION = r"""
module: web_machine_info
version_added: 0.1.0
short_description: Look at a web machine from inside
description:
  - Tells whether the services run that a machine of the site needs, whether the share is mounted and will be at the
    next boot, which files the web server serves, and what the health page answers.
  - Runs on the machine, needs nothing but Python and systemd there, and only reads.
  - What is not there is null, never a failure.
options:
  share:
    description: Where the share is mounted.
    type: str
    default: /srv/site
  health_path:
    description: The path of the health page.
    type: str
    default: /health
  timeout:
    description: The seconds that one question may take, such as that for a file on a share which does not answer.
    type: float
    default: 4
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes.info
"""

EXAMPLES = r"""
- name: Look at the machines
  hosts: web
  become: true
  tasks:
    - name: Read what they serve
      hasite.aws.web_machine_info:
      register: looked

    - name: Show it
      ansible.builtin.debug:
        var: looked.machine.release
"""

RETURN = r"""
machine:
  description: What the machine is like.
  returned: always
  type: dict
  contains:
    up_seconds:
      description: For how many seconds the machine runs.
      returned: always
      type: float
    units:
      description:
        - The units C(agent), C(web_server), C(php), C(mount_timer), C(mount) (of the share) and C(tunnel) (to it, if
          its line in C(/etc/fstab) waits for one) that are installed, with C(name), C(active), C(enabled), C(masked).
      returned: always
      type: dict
    configurations:
      description:
        - Whether C(web_server) and C(php) take their configurations as they are written now, as C(valid), and the first
          C(complaint). Null if a program is not installed, or did not say so in time.
      returned: always
      type: dict
    disks:
      description:
        - The local file systems that matter, with C(path), C(bytes), C(free_bytes), C(inodes), C(free_inodes).
      returned: always
      type: list
      elements: dict
      sample: {web_server: {name: httpd.service, active: true, enabled: true}}
    share:
      description: Where the share is to be mounted.
      returned: always
      type: str
      sample: /srv/site
    fstab:
      description: The share's line in C(/etc/fstab) with C(source), C(type), C(options). Null if there is none.
      returned: always
      type: dict
      sample: {source: "fs-0123456789abcdef0:/", type: efs, options: "_netdev,nofail,tls"}
    mount:
      description: What is mounted there, with C(source), C(type), C(root). Null if nothing is.
      returned: always
      type: dict
      sample: {source: "127.0.0.1:/", type: nfs4, root: /}
    document_root:
      description: The folder that Apache serves.
      returned: always
      type: str
      sample: /srv/site/current
    document_root_exists:
      description: Whether it is there. Null if it could not be told in time.
      returned: always
      type: bool
      sample: true
    document_root_mount:
      description: The mount point below which its files lie.
      returned: always
      type: str
      sample: /srv/site
    release:
      description: The name of the folder that it leads to, that is the release.
      returned: always
      type: str
      sample: 20270131T120000Z-0123456789ab
    unreadable:
      description:
        - The first path in the release that the web server's user cannot read, empty if there is none. Null if it could
          not be told in time.
      returned: always
      type: str
    health:
      description: The answer of the health page on the machine itself, with C(status), C(body), C(problem).
      returned: always
      type: dict
      sample: {status: 200, body: ok, problem: null}
    keep_alive_seconds:
      description: How long Apache keeps an idle connection; 0 if it keeps none.
      returned: always
      type: int
      sample: 75
    name_servers:
      description: The name servers of C(/etc/resolv.conf).
      returned: always
      type: list
      elements: str
      sample: [10.0.0.2]
    listening:
      description: Where TCP is listened, as C(address:port).
      returned: always
      type: list
      elements: str
      sample: ["0.0.0.0:80", "127.0.0.1:25"]
    clock:
      description: The machine's time in seconds since 1970.
      returned: always
      type: float
      sample: 1801396800.5
    php:
      description: The settings of PHP that decide how soon a new release is seen. Null if PHP is not installed.
      returned: always
      type: dict
      sample: {opcache.revalidate_freq: "5"}
"""

import subprocess

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hasite.aws.plugins.module_utils._web_machine import STUCK, look

ARGUMENTS = {
    "share": {"type": "str", "default": "/srv/site"},
    "health_path": {"type": "str", "default": "/health"},
    "timeout": {"type": "float", "default": 4},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)

    def run(command: list[str]) -> tuple[int, str]:
        # Not run_command, which would wait for ever for a share that does not answer.
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=module.params["timeout"]
            )
        except subprocess.TimeoutExpired:
            return STUCK, ""
        except OSError:
            return 127, ""
        return done.returncode, done.stdout

    module.exit_json(changed=False, machine=look(module.params, run))


if __name__ == "__main__":
    main()
