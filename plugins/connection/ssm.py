# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugin `hasite.aws.ssm`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ssm
short_description: Run tasks on machines over AWS Systems Manager Session Manager
version_added: 0.1.0
author:
  - hasite.aws contributors (@hasite)
description:
  - Reaches machines that have no inbound path at all, by sessions of AWS Systems Manager.
  - Speaks the session protocol itself. It needs neither the session-manager-plugin nor an S3 bucket; if there is a
    bucket, large files travel through it.
  - A session with each machine is kept open across tasks and plays by a small background process, as
    C(ControlPersist) of OpenSSH does, and ended when it was not used for O(idle_timeout) seconds.
  - Standard input, standard output, standard error and the exit status are separate and exact. Modules are pipelined.
  - Commands run as the session's user, C(ssm-user) unless its document names another. Use become for others.
  - Variables of C(amazon.aws.aws_ssm) with the same meaning are understood.
extends_documentation_fragment:
  - hasite.aws._ssm.api
  - hasite.aws._ssm.bucket
requirements:
  - boto3 and websocket-client on the controller
  - on the machine, the agent of Systems Manager, a POSIX shell, gzip and GNU coreutils or the like
options:
  instance_id:
    description:
      - The id of the instance.
      - If not given, the host's address, which is C(ansible_host) or the name in the inventory.
    type: str
    vars:
      - name: ansible_aws_ssm_instance_id
  host:
    description: The host's address, used where O(instance_id) is not given.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
  ssm_document:
    description: The session's document, of type C(Standard_Stream). If not given, the account's own.
    type: str
    vars:
      - name: ansible_aws_ssm_document
    ini:
      - section: ssm_connection
        key: document
  reconnection_retries:
    description:
      - How often a session that could not be started is tried again, with growing pauses.
      - A command that has begun is never run again.
    type: int
    default: 3
    vars:
      - name: ansible_aws_ssm_retries
    ini:
      - section: ssm_connection
        key: retries
  connection_timeout:
    description: How long a session may take to be ready, in seconds.
    type: int
    default: 60
    vars:
      - name: ansible_aws_ssm_timeout
    ini:
      - section: ssm_connection
        key: timeout
  command_timeout:
    description: How long a command may take, in seconds; V(0) means without end. The session is ended with the command.
    type: int
    default: 0
    vars:
      - name: ansible_aws_ssm_command_timeout
    ini:
      - section: ssm_connection
        key: command_timeout
  idle_timeout:
    description:
      - How long a session that nobody uses is kept open, in seconds.
      - With V(0), each worker has a session of its own, which ends with it.
    type: int
    default: 60
    vars:
      - name: ansible_aws_ssm_idle_timeout
    env:
      - name: ANSIBLE_AWS_SSM_IDLE_TIMEOUT
    ini:
      - section: ssm_connection
        key: idle_timeout
  max_sessions:
    description:
      - How many sessions with one machine may be kept at once. There is one as long as no command waits for another for
        more than a second.
      - What waits for a free session waits within O(command_timeout).
    type: int
    default: 10
    vars:
      - name: ansible_aws_ssm_max_sessions
    ini:
      - section: ssm_connection
        key: max_sessions
  control_path_dir:
    description:
      - The folder of the local sockets of the kept sessions; it must be yours alone.
      - If not given, C(ssm) below C(ANSIBLE_HOME), or below C(~/.ansible) where that is too long for a socket's path.
    type: path
    vars:
      - name: ansible_aws_ssm_control_path_dir
    env:
      - name: ANSIBLE_AWS_SSM_CONTROL_PATH_DIR
    ini:
      - section: ssm_connection
        key: control_path_dir
  warm_interpreter:
    description:
      - Whether modules are forks of one Python that a background process keeps warm on the machine, for each user that
        they run as. It is sent through the session when it is first needed, and ends with the session.
      - A module is sent once. Only its arguments are sent again.
      - Modules find the same environment either way, and an interpreter that cannot be kept warm is used cold.
    type: bool
    default: true
    vars:
      - name: ansible_aws_ssm_warm_interpreter
    ini:
      - section: ssm_connection
        key: warm_interpreter
  reuse_built_modules:
    description:
      - Whether modules are built once only. ansible-core builds each module's archive anew in each run.
      - With this, archives stay in C(built_modules) below C(ANSIBLE_HOME), and are used again as long as no file has
        changed in the packages they come from.
    type: bool
    default: true
    vars:
      - name: ansible_aws_ssm_reuse_built_modules
    ini:
      - section: ssm_connection
        key: reuse_built_modules
  pipelining:
    description:
      - Whether modules are sent through standard input, without a file of Ansible's own on the machine.
      - The connection itself keeps a command and its input in a file below C(/dev/shm), which is memory, until the
        command has begun or ended.
    type: bool
    default: true
    vars:
      - name: ansible_pipelining
      - name: ansible_ssm_pipelining
"""

EXAMPLES = r"""
# inventory.yml
# web:
#   hosts:
#     web-a:
#       ansible_host: i-0123456789abcdef0
#     web-b:
#       ansible_host: i-0fedcba9876543210
#   vars:
#     ansible_connection: hasite.aws.ssm
#     ansible_aws_ssm_region: ap-northeast-1
- name: Ask the machines
  hosts: web
  tasks:
    - name: Ping
      ansible.builtin.ping:
"""

import contextlib
import secrets
import time
import typing as t
from pathlib import Path

from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display

from ..plugin_utils._built import modules as built
from ..plugin_utils._ssm.daemon.control import SessionControl, TimedOutError, fits
from ..plugin_utils._ssm.daemon.pool import Pool
from ..plugin_utils._ssm.session.guard import guarded
from ..plugin_utils._ssm.session.result import SILENT, Password
from ..plugin_utils._ssm.wire.errors import BucketError, FileError, SessionError, StartError
from ..plugin_utils._ssm.wire.key import required_key
from ..plugin_utils._warm import private_core as core
from ..plugin_utils._warm.command import understand
from ..plugin_utils._warm.remote import ModuleRun

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..plugin_utils._ssm.session.api import Started
    from ..plugin_utils._ssm.session.files import Files
    from ..plugin_utils._ssm.session.result import Result

display = Display()

_PROMPTS = {"doas": ("doas (", "Password:"), "ksu": ("Kerberos password for ",)}
"""What these plugins of community.general look for, which they tell nobody."""
_FIRST_DELAY = 1.0
_LONGEST_DELAY = 8.0
_OWN_IDLE_SECONDS = 3600.0
"""A session that is not shared ends with its worker; this is for a worker that was killed."""


class Connection(ConnectionBase):  # type: ignore[misc]  # ansible has no types
    """Commands and files over a session that a background process keeps open."""

    transport = "hasite.aws.ssm"
    has_pipelining = True
    has_tty = False

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._owner = secrets.token_hex(8)
        self._connected = False

    def set_options(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Take the options. The task's module is built after this, if it is not there."""
        super().set_options(*args, **kwargs)
        if self.get_option("reuse_built_modules"):
            built.restore()

    @property
    def target(self) -> str:
        """Return the instance's id."""
        return str(self.get_option("instance_id") or self.get_option("host") or self._play_context.remote_addr)

    def _control(self) -> SessionControl:
        """Return the session that the options describe now: some are bound after the constructor has run."""
        idle = float(self.get_option("idle_timeout"))
        names = ("region", "profile", "access_key", "secret_key", "session_token", "endpoint_url", "kms_endpoint_url")
        return SessionControl(
            folder=self._folder(),
            identity={name: self.get_option(name) for name in names},
            target=self.target,
            document=self.get_option("ssm_document"),
            idle_seconds=idle or _OWN_IDLE_SECONDS,
            connect_seconds=float(self.get_option("connection_timeout")),
            required_key=self._required_key(),
            owner="" if idle else self._owner,
        )

    def _folder(self) -> Path:
        given = self.get_option("control_path_dir")
        folder = Path(given or constants.config.get_config_value("ANSIBLE_HOME")) / ("" if given else "ssm")
        return folder if given or fits(folder) else Path("~/.ansible/ssm").expanduser()

    def _required_key(self) -> str:
        try:
            return required_key(self.get_option("require_encryption"))
        except SessionError as error:
            raise AnsibleConnectionFailure(to_text(error)) from None  # Ansible would say the cause's sentence once more

    def _connect(self) -> Connection:
        """Ensure a session; the API is only asked when none is kept."""
        if self._shell.SHELL_FAMILY == "powershell":
            raise AnsibleConnectionFailure(
                "hasite.aws.ssm speaks with POSIX shells only; for Windows take amazon.aws.aws_ssm."
            )
        if not self._connected:
            self._ensure(self._control())
            self._connected = True
        return self

    def _ensure(self, control: SessionControl) -> None:
        """Start a session, and try again while that may help."""
        retries = int(self.get_option("reconnection_retries"))
        for attempt in range(retries + 1):
            try:
                control.ensure(lambda: self._start(control))
            except (StartError, SessionError) as error:
                if attempt == retries or getattr(error, "permanent", False):
                    raise AnsibleConnectionFailure(to_text(error)) from None
                delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2**attempt)
                display.vvv(f"SSM: {error} Trying again in {delay:g} s.", host=self.target)
                time.sleep(delay)
            else:
                return

    def _start(self, control: SessionControl) -> Started:
        started = control.api.start(control.target, control.document, "Ansible")
        display.vvv(f"SSM: session {started.session} has begun.", host=self.target)
        return started

    def _pool(self) -> Pool:
        control = self._control()
        return Pool(control, 1 if control.owner else int(self.get_option("max_sessions")), self._ensure, self._start)

    def _run(self, command: bytes, stdin: bytes = b"", password: Password | None = None) -> Result:
        """Run a command; a dead session is replaced before, but a command that has begun is never repeated."""
        try:
            return self._pool().run(command, stdin, password, float(self.get_option("command_timeout")))
        except TimedOutError as error:
            raise AnsibleConnectionFailure(f"{error} (command_timeout)") from None
        except SessionError as error:
            raise AnsibleConnectionFailure(to_text(error)) from None

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command and return its exit status, its standard output and its standard error."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        self._connect()
        display.vvv(f"EXEC {to_text(cmd)}", host=self.target)
        password = self._password() if sudoable else None
        result = self._run_warm(to_text(cmd), in_data, password) or self._run(
            to_bytes(self._guarded(to_text(cmd)), errors="surrogate_or_strict"), to_bytes(in_data or b""), password
        )
        if sudoable and self.become and result.status:
            self._explain_refusal(result, password)
        stderr = result.stderr
        for prompt in password.prompts if password else ():
            stderr = stderr.replace(to_bytes(prompt), b"")
        return result.status, result.stdout, stderr

    def _guarded(self, cmd: str) -> str:
        return guarded(cmd) if self.become and self._shell.SHELL_FAMILY == "sh" else cmd

    def _run_warm(self, cmd: str, in_data: bytes | None, password: Password | None) -> Result | None:
        """Run a module as a fork of a warm interpreter on the machine; None if the command is no module's."""
        if not in_data or not self.get_option("warm_interpreter"):
            return None
        command = understand(cmd, in_data)
        ordinary = self._shell.SHELL_FAMILY == "sh" and not self.become
        unknown = core.obstacle(in_data, understood=command is not None) if ordinary or command else ""
        if unknown:
            _warn(unknown)
        if unknown or not command:
            return None
        if self.get_option("reuse_built_modules"):
            built.keep(in_data)
        request = ModuleRun(command, in_data, float(self.get_option("idle_timeout")) or _OWN_IDLE_SECONDS)
        line = to_bytes(request.line, errors="surrogate_or_strict")
        result = self._run(line, request.by_name(), password)
        if request.was_not_run(result.stdout):
            display.vvv("SSM: the machine does not know the module yet.", host=self.target)
            result = self._run(line, request.whole(), password)
        refusal, stderr = request.refusal(result.stderr)
        if refusal:
            _warn(refusal)
        return result._replace(stderr=stderr)

    def _password(self) -> Password | None:
        """Return what is to be answered when become asks; None when it will not."""
        if not self.become or not self.become.expect_prompt():
            return None
        text = self.become.get_option("become_pass", playcontext=self._play_context)
        prompt = self.become.prompt
        prompts = [prompt] if isinstance(prompt, str) else self._known_prompts()
        return Password(to_text(text or ""), tuple(to_text(prompt) for prompt in prompts), self.become.success)

    def _known_prompts(self) -> Sequence[str]:
        """Return the prompts of a plugin whose own is not a text but the fact that it asks: in any language."""
        given = self.become.get_option("prompt_l10n") or getattr(self.become, "SU_PROMPT_LOCALIZATIONS", ())
        return given or _PROMPTS.get(self.become.name.rpartition(".")[2], ())

    def _explain_refusal(self, result: Result, password: Password | None) -> None:
        """Say it when become, and not the command, has failed."""
        if password and to_bytes(password.success) in result.stdout:
            return
        output = result.stderr + result.stdout
        if b"must have a tty" in result.stderr and to_bytes(self.become.success) not in result.stdout:
            raise AnsibleError(
                f"{self.become.name} on the machine demands a terminal (requiretty), and there is no command `script` "
                "that makes one: install it (util-linux or bsdutils), or take requiretty out of sudoers."
            )
        if to_bytes(SILENT) in result.stderr:
            raise AnsibleError(
                f"{self.become.name} has not begun within 30 seconds, and has not asked for a password by a prompt "
                "that is known: is it of another language, or is no password needed?"
            )
        if password and self.become.name.endswith("doas"):
            raise AnsibleError(
                "doas reads a password from a terminal only, and commands have none: permit it without one (nopass in "
                "doas.conf), or become by sudo."
            )
        # A prompt at the end is the second one; what follows the first is the reason.
        last = (output.rstrip().splitlines() or [b""])[-1]
        again = last.endswith((b":", to_bytes("\uff1a"))) and self.become.check_password_prompt(last)
        if self.become.check_incorrect_password(output) or (password and again):
            raise AnsibleError(f"Incorrect {self.become.name} password")
        if self.become.check_missing_password(output):
            raise AnsibleError(f"Missing {self.become.name} password")

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file to the machine."""
        super().put_file(in_path, out_path)
        self._connect()
        display.vvv(f"PUT {in_path} TO {out_path}", host=self.target)
        if not Path(in_path).exists():
            raise AnsibleFileNotFound(f"There is no file {in_path} to copy.")
        with self._explained(f"{in_path} cannot be copied"):
            self._files().put(in_path, out_path)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file from the machine."""
        super().fetch_file(in_path, out_path)
        self._connect()
        display.vvv(f"FETCH {in_path} TO {out_path}", host=self.target)
        with self._explained(f"{in_path} cannot be fetched to {out_path}"):
            self._files().fetch(in_path, out_path)

    def _files(self) -> Files:
        # Most tasks copy no file, and each task's worker compiles what it imports.
        from ..plugin_utils._ssm.session.bucket import Bucket
        from ..plugin_utils._ssm.session.files import Files

        name = self.get_option("bucket_name")
        bucket = name and Bucket(
            api=self._control().api,
            name=name,
            endpoint_url=self.get_option("bucket_endpoint_url"),
            addressing_style=self.get_option("s3_addressing_style"),
            sse_mode=self.get_option("bucket_sse_mode"),
            sse_kms_key_id=self.get_option("bucket_sse_kms_key_id"),
        )

        def say(line: str) -> None:
            display.vv(line, host=self.target)

        least = int(self.get_option("bucket_minimum_size"))
        return Files(self._run, AnsibleConnectionFailure, say, self.target, bucket or None, least)

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Raise the errors that Ansible knows; `what` begins the sentence about the controller's own files."""
        try:
            yield
        except (BucketError, FileError) as error:
            raise AnsibleError(to_text(error)) from None
        except OSError as error:
            raise AnsibleError(f"{what}: {error.strerror} on the controller.") from None

    def reset(self) -> None:
        """End the session; the next command starts another one."""
        try:
            self._pool().stop()
        except SessionError as error:
            raise AnsibleConnectionFailure(to_text(error)) from None
        self._connected = False

    def close(self) -> None:
        """Release the session. A shared one stays open for the next worker."""
        if self._connected and not float(self.get_option("idle_timeout")):
            self._control().stop()
        self._connected = False


def _warn(reason: str) -> None:
    """Warn that tasks take longer than they could; a run shows the same warning once."""
    display.warning(core.warning("No interpreter is kept warm", reason))
