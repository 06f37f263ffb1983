# SPDX-License-Identifier: GPL-3.0-or-later
"""What each variable does to a site that is on line: every one has its row, and what is refused is seen to be."""

from __future__ import annotations

import re
from pathlib import Path

from plugins.module_utils._settings.variables import KNOWN
from tests.integration.test_changes import REFUSED
from tests.integration.test_variables_live import ACCOUNT, AROUND, ELSEWHERE

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"^\| `(site_\w+)` \| ([\w ]+) \| ?(.*?) ?\|$", re.MULTILINE)
KINDS = {"in place", "one by one", "from then on", "refused"}


def rows(page: str) -> dict[str, str]:
    found = ROW.findall((ROOT / page).read_text(encoding="utf-8"))
    assert len(found) == len({name for name, _, _ in found}), "a variable has two rows"
    return {name: kind for name, kind, _ in found}


def test_every_variable_has_a_row_of_a_known_kind() -> None:
    table = rows("docs/changes.md")
    assert table.keys() == KNOWN.keys()
    assert set(table.values()) == KINDS


def test_both_languages_say_the_same() -> None:
    assert rows("docs/changes.md") == rows("docs/ja/changes.md")


def test_what_the_table_calls_refused_is_seen_to_be_refused() -> None:
    assert {name for name, kind in rows("docs/changes.md").items() if kind == "refused"} == set(REFUSED)


def test_every_variable_is_seen_to_do_what_its_row_says_or_has_a_reason() -> None:
    table, changed = rows("docs/changes.md"), {row.variable for row in (*AROUND, *ACCOUNT)}
    assert changed | set(ELSEWHERE) | set(REFUSED) == table.keys()
    assert not changed & set(ELSEWHERE)
    assert {table[name] for name in changed} == {"in place"}
