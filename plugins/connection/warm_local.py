# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugin `hasite.aws.warm_local`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: warm_local
short_description: Run tasks on the controller without a Python start for each
version_added: 0.1.0
author:
  - hasite.aws contributors (@hasite)
description:
  - Does what the connection P(ansible.builtin.local#connection) does, with the same results, but a module does not
    start a Python of its own. It is a fork of one that a background process keeps warm. In it its Python sources are
    compiled, and the AWS SDK for Python, its service models and the base of C(ansible.module_utils) are loaded.
  - Meant for plays whose tasks are calls of an API. A task takes a fraction of its usual time and processor time.
  - The process is started when it is first needed, as C(ControlPersist) of OpenSSH does, and ends when it was not used
    for O(idle_timeout) seconds. There is one for each user, interpreter and whatever else a process keeps from its
    start, as limits, namespaces and the variables C(PYTHON*), C(LANG), C(LC_*), C(LD_*) and C(HOME).
  - Each module is a process and a session of its own, with the environment, working directory and umask of the task.
    What it changes ends with it. All of its code comes from its own payload. The process is replaced when packages
    are installed or removed, and when ansible-core is another one.
  - What is no pipelined Python module runs as with P(ansible.builtin.local#connection). These are tasks with become or
    C(async), C(raw) and C(script), other shells, and interpreters before Python 3.9. C(-vvv) shows it.
notes:
  - A process that a module leaves in the background does not delay the task, unlike with
    P(ansible.builtin.local#connection).
requirements:
  - an operating system with C(fork)
extends_documentation_fragment:
  - ansible.builtin.connection_pipelining
options:
  pipelining:
    default: true
  idle_timeout:
    description: How long an interpreter that nobody uses stays warm, in seconds.
    type: int
    default: 300
    vars:
      - name: ansible_warm_local_idle_timeout
    env:
      - name: ANSIBLE_WARM_LOCAL_IDLE_TIMEOUT
    ini:
      - section: warm_local_connection
        key: idle_timeout
  control_path_dir:
    description: The folder of the local sockets of the background processes; it must be yours alone.
    type: path
    default: ~/.ansible/warm
    vars:
      - name: ansible_warm_local_control_path_dir
    env:
      - name: ANSIBLE_WARM_LOCAL_CONTROL_PATH_DIR
    ini:
      - section: warm_local_connection
        key: control_path_dir
  reuse_built_modules:
    description:
      - Whether modules are built once only. ansible-core builds each module's archive anew in each run.
      - With this, archives stay in C(built_modules) below C(ANSIBLE_HOME), and are used again as long as no file has
        changed in the packages they come from.
    type: bool
    default: true
    vars:
      - name: ansible_warm_local_reuse_built_modules
    env:
      - name: ANSIBLE_WARM_LOCAL_REUSE_BUILT_MODULES
    ini:
      - section: warm_local_connection
        key: reuse_built_modules
  become_success_timeout:
    description: As of P(ansible.builtin.local#connection).
    type: int
    default: 10
    vars:
      - name: ansible_local_become_success_timeout
  become_strip_preamble:
    description: As of P(ansible.builtin.local#connection).
    type: bool
    default: true
    vars:
      - name: ansible_local_become_strip_preamble
"""

EXAMPLES = r"""
- name: Read what there is
  hosts: localhost
  vars:
    ansible_connection: hasite.aws.warm_local
  tasks:
    - name: Read the networks
      amazon.aws.ec2_vpc_net_info:
        region: ap-northeast-1
"""

import os
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.connection.local import Connection as LocalConnection
from ansible.utils.display import Display

from ..plugin_utils._built import modules as built
from ..plugin_utils._warm import private_core as core
from ..plugin_utils._warm.command import Command, understand
from ..plugin_utils._warm.control import InterpreterControl, LostError, NotRunError, RefusedError
from ..plugin_utils._warm.task import Task

display = Display()


class Connection(LocalConnection):  # type: ignore[misc]  # ansible has no types
    """The builtin local connection, but for modules that come by pipelining."""

    def set_options(self, *args: Any, **kwargs: Any) -> None:
        """Take the options. The task's module is built after this, if it is not there."""
        super().set_options(*args, **kwargs)
        if self.get_option("reuse_built_modules"):
            built.restore()

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command and return its exit status, its standard output and its standard error."""
        command = understand(to_text(cmd), in_data)
        unknown = "" if self.become else core.obstacle(in_data or b"", understood=command is not None)
        if unknown:
            _warn(unknown)
        elif command and command.plain and in_data:
            if self.get_option("reuse_built_modules"):
                built.keep(in_data)
            try:
                return self._run(command, in_data)
            except RefusedError as error:
                _warn(str(error))
            except NotRunError as error:
                display.vvv(f"WARM: {error} The builtin local connection is used.", host=self._play_context.remote_addr)
            except LostError as error:
                raise AnsibleConnectionFailure(to_text(error)) from error
        else:
            display.vvv("WARM: This is no pipelined module.", host=self._play_context.remote_addr)
        result: tuple[int, bytes, bytes] = super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        return result

    def _run(self, command: Command, payload: bytes) -> tuple[int, bytes, bytes]:
        self._connect()
        display.vvv(f"WARM: {command.interpreter}", host=self._play_context.remote_addr)
        task = Task(payload, {**os.environb, **command.environ}, os.fsencode(self.cwd or Path.cwd()), _umask())
        return self._control().run(command.interpreter, task)

    def _control(self) -> InterpreterControl:
        return InterpreterControl(Path(self.get_option("control_path_dir")), float(self.get_option("idle_timeout")))

    def reset(self) -> None:
        """End this user's warm interpreters; the next task starts another one."""
        self._control().stop()


def _warn(reason: str) -> None:
    """Warn that tasks take longer than they could; a run shows the same warning once."""
    display.warning(core.warning("No interpreter is kept warm", reason))


def _umask() -> int:
    """Return the umask, which can only be read by being set."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
