# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback plugin `hasite.aws.progress`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: stdout
short_description: Ansible's own output, with a live line for long waits and a useful end
version_added: 0.1.0
author:
  - hasite.aws contributors (@hasite)
description:
  - Shows what P(ansible.builtin.default#callback) shows, with all of its options.
  - A task that takes longer than O(live_after) seconds gets a line at the bottom of the terminal, which tells how long
    it has run, how long it usually takes, and on which hosts it still runs. The line gives way to any other output.
  - The usual time is what the task's name says in parentheses at its end, if that begins with the word C(usually),
    as in V(Wait until the certificate is issued (usually 2 to 5 minutes\)).
  - No line is drawn where none can be erased. This is so when the output goes to a pipe or a file, when E(TERM) is
    C(dumb), when E(NO_COLOR) or E(CI) is set, and with C(--step). A task that takes long then gets a plain line each
    O(report_interval) seconds, and what was written reaches the pipe at once.
  - An attempt of a task with C(until) or C(retries) that is to be repeated is not shown as C(FAILED - RETRYING). The
    line tells how many retries are left. With C(-v) each attempt has a line of its own, with C(-vvv) also its result.
    When the last attempt fails, everything is shown.
  - A run ends with the slowest tasks, the total time, what failed on which host, and its summaries. If the caller lacks
    a permission on AWS, the end says in one sentence which, whichever module has failed. A summary is the
    text of a P(ansible.builtin.debug#module) task that has the variable C(progress_summary) set to V(true).
requirements:
  - set as stdout in configuration
extends_documentation_fragment:
  - ansible.builtin.default_callback
  - ansible.builtin.result_format_callback
options:
  live:
    description: Whether a live line is drawn on a terminal that allows for it.
    type: bool
    default: true
    env:
      - name: ANSIBLE_PROGRESS_LIVE
    ini:
      - section: progress_callback
        key: live
  live_after:
    description: How long a task has run when the live line appears, in seconds.
    type: float
    default: 2
    env:
      - name: ANSIBLE_PROGRESS_LIVE_AFTER
    ini:
      - section: progress_callback
        key: live_after
  report_interval:
    description: Where no live line is drawn, how often a long task gets a plain line, in seconds. V(0) for never.
    type: float
    default: 60
    env:
      - name: ANSIBLE_PROGRESS_REPORT_INTERVAL
    ini:
      - section: progress_callback
        key: report_interval
  slowest:
    description: How many of the slowest tasks are named at the end, of those that took 10 seconds or more.
    type: int
    default: 5
    env:
      - name: ANSIBLE_PROGRESS_SLOWEST
    ini:
      - section: progress_callback
        key: slowest
"""

EXAMPLES = r"""
ansible.cfg: |
  [defaults]
  stdout_callback = hasite.aws.progress

a task with its usual time: |
  - name: Wait until the certificate is issued (usually 2 to 5 minutes)
    amazon.aws.acm_certificate_info:
      domain_name: www.example.com
      statuses: [ISSUED]
    register: certificates
    until: certificates.certificates | length > 0
    retries: 60
    delay: 10

a summary: |
  - name: Say where the site is
    ansible.builtin.debug:
      msg:
        - The site is at https://www.example.com/.
        - "What is next: ansible-playbook hasite.aws.doctor"
    vars:
      progress_summary: true
"""

import atexit
import contextlib
import os
import sys
import threading
import time
import typing as t

from ansible import constants
from ansible import context as cli
from ansible.playbook.role_include import IncludeRole
from ansible.plugins.callback.default import CallbackModule as DefaultCallback

from ..module_utils._denial import sentence
from ..plugin_utils._progress.ending import Failure, failure_lines, slowest_lines, summary_of
from ..plugin_utils._progress.line import live_line, plain_line
from ..plugin_utils._progress.running import Running, Step
from ..plugin_utils._progress.screen import Screen, Ticker, can_erase
from ..plugin_utils._progress.text import duration, one_line

_SLOW = 10.0
"""A task that took fewer seconds is none of the slowest."""
_DEBUG = ("debug", "ansible.builtin.debug", "ansible.legacy.debug")
_SUMMARY = "progress_summary"


class CallbackModule(DefaultCallback):  # type: ignore[misc]  # ansible has no types
    """Ansible's own output, with a live line for long waits and a useful end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "hasite.aws.progress"

    def __init__(self) -> None:
        super().__init__()
        self._running = Running()
        self._names: dict[str, str] = {}
        self._reported: dict[tuple[str, float], int] = {}
        self._failures: dict[str, Failure] = {}
        self._summaries: list[list[str]] = []
        self._began = time.monotonic()
        self._screen: Screen | None = None
        self._ticker: Ticker | None = None

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        self._began = time.monotonic()
        super().v2_playbook_on_start(playbook)
        if self._screen is None and self.get_option("live") and _can_draw():
            self._screen = Screen(getattr(self._display, "_lock", None) or threading.RLock())
        self._ticker = Ticker(self._tick)
        atexit.register(self._stop)

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        self._running.clear()
        super().v2_playbook_on_play_start(play)

    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        self._running.begin(task._uuid, self._names.get(task._uuid) or _name(task), host.get_name(), time.monotonic())
        super().v2_runner_on_start(host, task)

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        self._names[task._uuid] = _name(task)  # only now are the templates in it resolved
        super().v2_playbook_on_task_start(task, is_conditional)

    def v2_playbook_on_handler_task_start(self, task: t.Any) -> None:
        self._names[task._uuid] = _name(task)
        super().v2_playbook_on_handler_task_start(task)

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._end(result)
        if result.task.action in _DEBUG and result.task.get_vars().get(_SUMMARY) is True and "msg" in result.result:
            self._keep_summary(result)
        super().v2_runner_on_ok(result)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        self._end(result)
        super().v2_runner_on_skipped(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._end(result)
        if not ignore_errors:
            self._keep_failure(result)
        super().v2_runner_on_failed(result, ignore_errors)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._end(result)
        if not result.task.ignore_unreachable:
            self._keep_failure(result)
        super().v2_runner_on_unreachable(result)

    def v2_runner_retry(self, result: t.Any) -> None:
        left = result.result["retries"] - result.result["attempts"]
        first = self._running.again(result.task._uuid, result.host.get_name(), left)
        if not self._display.verbosity and (self._screen or not first):
            return
        name = one_line(str(result.task_name or result.task))
        message = f"waiting: [{self.host_label(result)}]: {name} ({left} retries left)."
        if self._run_is_verbose(result, verbosity=2):
            message += f"Result was: {self._dump_results(result.result)}"
        self._display.display(message, color=constants.COLOR_DEBUG)

    def v2_runner_on_async_poll(self, result: t.Any) -> None:
        if self._display.verbosity:
            super().v2_runner_on_async_poll(result)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        self._stop()
        super().v2_playbook_on_stats(stats)
        took = duration(time.monotonic() - self._began)
        summarized = {host: stats.summarize(host) for host in sorted(stats.processed)}
        failed = [host for host, numbers in summarized.items() if numbers["failures"] or numbers["unreachable"]]
        for line in slowest_lines(self._running.slowest(self.get_option("slowest"), _SLOW)):
            self._display.display(line)
        self._display.display(f"Failed after {took}." if failed else f"Finished in {took}.")
        for line in failure_lines([self._failures[host] for host in failed if host in self._failures]):
            self._display.display(line, color=constants.COLOR_ERROR)
        for summary in self._summaries:
            self._display.display("\n" + "\n".join(summary))

    def _end(self, result: t.Any) -> None:
        self._running.end(result.task._uuid, result.host.get_name(), time.monotonic())

    def _keep_summary(self, result: t.Any) -> None:
        lines = summary_of(result.result["msg"])
        if lines not in self._summaries:
            self._summaries.append(lines)
        if not self._display.verbosity:
            result.result.pop("_ansible_verbose_always", None)  # it is shown at the end

    def _keep_failure(self, result: t.Any) -> None:
        said = str(result.result.get("msg") or "").strip()
        message = sentence(said) or said.partition("\n")[0]
        name = self._names.get(result.task._uuid) or _name(result.task)
        self._failures[result.host.get_name()] = Failure(result.host.get_name(), name, message)

    def _tick(self) -> None:
        now = time.monotonic()
        steps = [step for step in self._running.steps() if now - step.since >= self.get_option("live_after")]
        if self._screen:
            self._screen.show(lambda columns: live_line(steps, now, columns) if steps else "")
        else:
            self._report(steps, now)

    def _report(self, steps: list[Step], now: float) -> None:
        interval = self.get_option("report_interval")
        for step in steps:
            due = int((now - step.since) / interval) if interval else 0
            if due > self._reported.get((step.name, step.since), 0):
                self._reported[(step.name, step.since)] = due
                self._display.display(plain_line(step, now), color=constants.COLOR_DEBUG)
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()  # a pipe would hold it back until it is some kilobytes

    def _stop(self) -> None:
        self._running.clear()
        if self._ticker:
            self._ticker.stop()
        if self._screen:
            self._screen.erase()


def _name(task: t.Any) -> str:
    """Return a task's name with its role's short name; an include_role's own method knows one form only."""
    return str(task.get_name() if isinstance(task, IncludeRole) else task.get_name(include_role_fqcn=False)).strip()


def _can_draw() -> bool:
    """Whether a line can be drawn and erased, and nobody is asked in between."""
    return sys.stdout.isatty() and can_erase(os.environ) and not cli.CLIARGS.get("step")
