# SPDX-License-Identifier: GPL-3.0-or-later
"""What looks for secrets finds those that are there: in arguments, in files, and in what the API has answered."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path

from tests.integration.leaks import arguments_seen, files_with, script_that_finds
from tests.integration.small_world import until
from tests.integration.tap import tokens

WORD = "s3cr3t-0123456789"


def test_an_argument_of_a_process_is_seen_while_it_runs() -> None:
    word, other = secrets.token_hex(12), secrets.token_hex(12)
    with arguments_seen([word, other]) as seen:
        waiting = subprocess.Popen(["sh", "-c", "read line", word], stdin=subprocess.PIPE)
        until(lambda: bool(seen))
        waiting.communicate()
    assert all(word in one and other not in one for one in seen)


def test_files_that_hold_a_word_are_named(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "file").write_bytes(b"\0" + WORD.encode())
    (tmp_path / "file").write_text(WORD[:-1])
    (tmp_path / "link").symlink_to("/absent")
    assert files_with([WORD], [tmp_path, tmp_path / "absent"]) == [str(tmp_path / "below" / "file")]
    assert files_with([WORD], [tmp_path / "below" / "file"]) == [str(tmp_path / "below" / "file")]


def test_the_script_for_machines_holds_no_word_itself() -> None:
    assert WORD not in script_that_finds([WORD], "/etc/debian_version")


def test_tokens_are_found_in_answers() -> None:
    assert tokens(bytearray(b'{"SessionId": "a-1", "TokenValue": "AAE="}...{"TokenValue":"AAF="}')) == ["AAE=", "AAF="]
