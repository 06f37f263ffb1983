# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees of `ansible-playbook` with the callback `hasite.aws.progress`, at a terminal and in a pipe."""

from __future__ import annotations

import re
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.plugins.callback.person import Person, piped

pytestmark = pytest.mark.slow

WAIT = """
- hosts: {hosts}
  gather_facts: false
  strategy: {strategy}
  tasks:
    - name: {name}
      ansible.builtin.wait_for:
        path: "{{{{ playbook_dir }}}}/{{{{ inventory_hostname }}}}.done"
        sleep: 1
    - name: Go on
      ansible.builtin.debug:
        msg: it is there
"""

EVERYTHING = """
- name: Show all that there is to see
  hosts: a,b
  gather_facts: false
  vars:
    secret: swordfish
  handlers:
    - name: Reload
      ansible.builtin.debug:
        msg: reloaded
  tasks:
    - name: Write a file
      ansible.builtin.copy:
        content: "{{ inventory_hostname }}\\n"
        dest: "{{ playbook_dir }}/{{ inventory_hostname }}.conf"
        mode: "0644"
      notify: Reload
    - name: Loop
      ansible.builtin.debug:
        msg: "{{ item }}"
      loop: [one, two]
    - name: Loop over changes, one of which fails
      ansible.builtin.assert:
        that: item == 'one'
      loop: [one, two]
      ignore_errors: true
    - name: Skip
      ansible.builtin.debug:
        msg: never
      when: inventory_hostname == 'c'
    - name: Hide a secret
      ansible.builtin.debug:
        msg: "{{ secret }}"
      no_log: true
    - name: Include tasks
      ansible.builtin.include_tasks: included.yml
    - name: Include a role
      ansible.builtin.include_role:
        name: included
    - name: Rescue
      block:
        - name: Fail first
          ansible.builtin.fail:
            msg: "it failed\\nand that is a second line"
      rescue:
        - name: Mend it
          ansible.builtin.debug:
            msg: mended
    - name: Run in the background
      ansible.builtin.command: /bin/true
      async: 30
      poll: 1
      when: not ansible_check_mode and inventory_hostname == 'a'
      changed_when: false
    - name: Wait for what never comes
      ansible.builtin.debug:
        msg: still nothing
      until: false
      retries: 2
      delay: 0
      ignore_errors: true
    - name: Reach a machine that is away
      ansible.builtin.ping:
      delegate_to: away
      ignore_unreachable: true
    - name: Keep a figure
      ansible.builtin.set_stats:
        data:
          figure: 42
    - name: Fail in the end
      ansible.builtin.fail:
        msg: "no more on {{ inventory_hostname }}\\nsecond line"
"""

INVENTORY = f"""
a ansible_connection=local
b ansible_connection=local ansible_python_interpreter={sys.executable}
away ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1
"""

VARIES = (
    r"j\d+\.\d+",
    r"\d+:\d\d:\d\d\.\d+",
    r"\d{4}-\d\d-\d\d[ T]",
    r"ansible-tmp-[\d.-]+",
    r"ansible-local-\w+",
    r"tmp\w{8}",
    r"\b\d{2,}\.\d+\b",
    r"stdout_callback = .*|STDOUT_CALLBACK.*",
)
"""What differs from run to run: job ids, times, temporary files."""

Sits = Callable[..., Person]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ansible.cfg").touch()
    (tmp_path / "hosts").write_text(INVENTORY)
    (tmp_path / "included.yml").write_text("- name: Be included\n  ansible.builtin.debug:\n    msg: included\n")
    role = tmp_path / "roles" / "included" / "tasks"
    role.mkdir(parents=True)
    (role / "main.yml").write_text("- name: Be a role's task\n  ansible.builtin.debug:\n    msg: of a role\n")
    return tmp_path


@pytest.fixture
def sits(folder: Path) -> Iterator[Sits]:
    people: list[Person] = []

    def sit(playbook: str, *arguments: str, columns: int = 80, lines: int = 24, **changes: str) -> Person:
        (folder / "play.yml").write_text(playbook)
        person = Person(folder, "-i", "hosts", "play.yml", *arguments, columns=columns, lines=lines, **changes)
        people.append(person)
        return person

    yield sit
    for person in people:
        person.leaves()


def wait(name: str, hosts: str = "a", strategy: str = "linear") -> str:
    return WAIT.format(name=name, hosts=hosts, strategy=strategy)


def bottom(screen: str) -> str:
    """Return the last line with anything in it."""
    return screen.rstrip().rsplit("\n", 1)[-1]


def test_a_long_task_has_one_live_line_that_leaves_no_trace(sits: Sits, folder: Path) -> None:
    person = sits(wait("Wait until the certificate is issued (usually 2 to 5 min)"))
    person.sees(lambda screen: "issued … 0:02  [a]  (usually 2 to 5 min)" in bottom(screen))
    assert person.screenful().count("…") == 1
    (folder / "a.done").touch()
    assert person.waits() == 0
    assert "…" not in person.everything()
    assert "\nok: [a]\n" in person.everything()
    assert "Finished in 0:" in bottom(person.screenful())
    assert termios.tcgetattr(person.terminal) == person.modes


def test_the_line_fits_a_narrow_terminal_and_wide_characters(sits: Sits, folder: Path) -> None:
    person = sits(wait("証明書が発行されるまで待つ (usually 2 to 5 min)"), columns=24)
    person.sees(lambda screen: "… 0:02" in bottom(screen))
    assert bottom(person.screenful()).replace(" ", "").startswith("証明書が発行")
    (folder / "a.done").touch()
    assert person.waits() == 0
    assert "…" not in person.everything()


def test_hosts_that_go_ahead_are_shown_by_the_free_strategy_too(sits: Sits, folder: Path) -> None:
    person = sits(wait("Wait", "a,b", "free"))
    person.sees(lambda screen: "[2 hosts]" in bottom(screen))
    (folder / "a.done").touch()
    person.sees(lambda screen: "[b]" in bottom(screen) and "ok: [a]" in screen)
    (folder / "b.done").touch()
    assert person.waits() == 0
    assert "…" not in person.everything()


def test_ctrl_c_leaves_a_clean_terminal(sits: Sits) -> None:
    person = sits(wait("Wait for ever"))
    person.sees(lambda screen: "Wait for ever … 0:0" in bottom(screen))
    person.types("\x03")
    assert person.waits() != 0
    assert "…" not in person.everything()
    assert "interrupted" in person.everything()
    assert termios.tcgetattr(person.terminal) == person.modes
    assert not person.screen.cursor.hidden


def test_a_pause_gets_its_answer(sits: Sits) -> None:
    person = sits("- hosts: a\n  gather_facts: false\n  tasks:\n    - ansible.builtin.pause:\n        prompt: Go on\n")
    person.sees(lambda screen: "Go on:" in screen)
    assert person.answers("\r") == 0
    assert "…" not in person.everything()


def test_step_by_step_nothing_is_drawn_over_the_question(sits: Sits, folder: Path) -> None:
    person = sits(wait("Wait"), "--step")
    person.sees(lambda screen: bottom(screen).startswith("Perform task: TASK: Wait"))
    person.types("c\r")
    person.sees(lambda screen: "TASK [Wait]" in screen)
    (folder / "a.done").touch()
    assert person.waits() == 0
    assert b"\x1b[K" not in person.raw.split(b"TASK [Wait]")[-1]


def test_where_nothing_can_be_erased_lines_are_plain(sits: Sits, folder: Path) -> None:
    person = sits(wait("Wait (usually 2 min)"), ANSIBLE_PROGRESS_REPORT_INTERVAL="1", NO_COLOR="1")
    # A busy machine may leave a second out.
    person.sees(lambda screen: screen.count("waiting: Wait … 0:") > 1)
    (folder / "a.done").touch()
    assert person.waits() == 0
    assert b"\x1b" not in person.raw
    assert re.search(r"waiting: Wait … 0:0\d  \[a\]  \(usually 2 min\)\n", person.everything())


def test_output_longer_than_the_screen_scrolls_whole(sits: Sits, folder: Path) -> None:
    lines = "".join(f"\n        - line {number}" for number in range(60))
    play = wait("Wait", "a,b", "free").replace("msg: it is there", f"msg:{lines}")
    person = sits(play, lines=10)
    person.sees(lambda screen: "[2 hosts]" in bottom(screen))
    (folder / "a.done").touch()
    person.sees(lambda screen: "[b]" in bottom(screen))
    (folder / "b.done").touch()
    assert person.waits() == 0
    seen = person.everything()
    assert [seen.count(f'"line {number}"') for number in range(60)] == [2] * 60
    assert "…" not in seen


def shown(folder: Path, callback: str, *arguments: str) -> list[str]:
    for host in ("a", "b"):
        (folder / f"{host}.conf").unlink(missing_ok=True)
    result = piped(
        folder,
        "-i",
        "hosts",
        "play.yml",
        *arguments,
        ANSIBLE_STDOUT_CALLBACK=callback,
        ANSIBLE_FORKS="1",
        ANSIBLE_SHOW_CUSTOM_STATS="true",
        ANSIBLE_CHECK_MODE_MARKERS="true",
    )
    text = result.stdout.replace("FAILED - RETRYING:", "waiting:")
    for pattern in VARIES:
        text = re.sub(pattern, "~", text)
    return [line for line in text.splitlines() if not line.startswith(("ASYNC POLL", "Skipping callback"))]


@pytest.mark.parametrize("arguments", [["-v", "--diff"], ["-vvv", "--check", "--diff"]])
def test_nothing_of_ansibles_own_output_is_lost_when_it_is_verbose(folder: Path, arguments: list[str]) -> None:
    (folder / "play.yml").write_text(EVERYTHING)
    ansible = shown(folder, "ansible.builtin.default", *arguments)
    ours = shown(folder, "hasite.aws.progress", *arguments)
    for wanted in (
        "...ignoring",
        "UNREACHABLE!",
        "included: ",
        "rescued=1",
        "figure",
        "censored",
        "interpreter",
        "+++ after",
        "waiting: ",
    ):
        assert any(wanted in line for line in ansible), f"the playbook is to show {wanted}"
    assert not any("swordfish" in line for line in ours)
    end = next(number for number, line in enumerate(ours) if line.startswith("Failed after "))
    assert sorted(ours[:end]) == sorted(ansible)  # a host's retries may come before or after another's result
    assert ours[end + 1 :] == ["[a] Fail in the end: no more on a", "[b] Fail in the end: no more on b"]


def test_a_run_ends_with_its_summaries(folder: Path) -> None:
    (folder / "play.yml").write_text("""
- hosts: a,b
  gather_facts: false
  tasks:
    - name: Say where the site is
      ansible.builtin.debug:
        msg: [The site is at https://www.example.com/., "Next: look at it."]
      vars:
        progress_summary: true
    - name: Keep a secret
      ansible.builtin.debug:
        msg: swordfish
      vars:
        progress_summary: true
      no_log: true
""")
    seen = piped(folder, "-i", "hosts", "play.yml").stdout
    assert seen.endswith("\n\nThe site is at https://www.example.com/.\nNext: look at it.\n")
    assert seen.count("example.com") == 1
    assert "swordfish" not in seen
    verbose = piped(folder, "-i", "hosts", "play.yml", "-v").stdout
    assert verbose.count("example.com") == 3


def test_the_end_says_in_one_sentence_which_permission_is_missing(folder: Path) -> None:
    (folder / "play.yml").write_text("""
- hosts: a
  gather_facts: false
  tasks:
    - name: Create the VPC
      ansible.builtin.fail:
        msg: >-
          Failed to create VPC: An error occurred (UnauthorizedOperation) when calling the CreateVpc operation: You are
          not authorized to perform this operation. User: arn:aws:iam::1:user/taro is not authorized to perform:
          ec2:CreateVpc because no identity-based policy allows the ec2:CreateVpc action
""")
    assert piped(folder, "-i", "hosts", "play.yml").stdout.splitlines()[-1] == (
        "[a] Create the VPC: arn:aws:iam::1:user/taro may not perform ec2:CreateVpc; "
        "add ec2:CreateVpc to that caller's policy (see docs/permissions.md)."
    )


def test_attempts_alarm_nobody_and_options_of_ansibles_own_callback_count(folder: Path) -> None:
    (folder / "play.yml").write_text(EVERYTHING)
    changes = {"ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false", "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}
    seen = piped(folder, "-i", "hosts", "play.yml", **changes).stdout
    assert "RETRYING" not in seen
    assert len(re.findall(r"waiting: \[a\]: Wait for what never comes \(\d retries left\)", seen)) == 1
    assert re.search(r"fatal: \[a\]: FAILED! => ?\n(    .*\n)*    msg: still nothing\n", seen), (
        "the last failure shows it all"
    )
    assert "skipping:" not in seen
    assert "    msg: included\n" in seen
