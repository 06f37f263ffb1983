# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's environment, where its secrets are, and its jobs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._runtime import environment_file
from ansible_collections.hasite.aws.plugins.module_utils._runtime.calendar import fault
from ansible_collections.hasite.aws.plugins.module_utils._runtime.error import RuntimeSettingError
from ansible_collections.hasite.aws.plugins.module_utils._runtime.jobs import jobs_of
from ansible_collections.hasite.aws.plugins.module_utils._runtime.secret_values import field
from ansible_collections.hasite.aws.plugins.module_utils._runtime.sources import Source, source_of, sources_of
from ansible_collections.hasite.aws.plugins.module_utils._runtime.variables import (
    check_disjoint,
    check_name,
    plain_texts,
)
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = st.from_regex(r"APP_[A-Z0-9_]{1,12}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\"'\\$`%# \t\n;=!~"))
ENVIRONMENTS = st.dictionaries(NAMES, TEXTS, max_size=5)


def as_systemd(text: str) -> dict[str, str]:
    """Read a file of values in double quotes as systemd does, state by state (its src/basic/env-file.c)."""
    found: dict[str, str] = {}
    state, key, value = "key", "", ""
    for letter in text:
        if state == "key":
            state, key = ("before value", key) if letter == "=" else ("key", (key + letter).lstrip())
        elif state == "before value":
            state, value = ("quoted", value) if letter == '"' else ("key", value)
            if letter == "\n":
                found[key], key, value = value, "", ""
        elif state == "quoted":
            state, value = {'"': ("before value", value), "\\": ("escape", value)}.get(letter, (state, value + letter))
        else:
            kept = letter if letter in '"\\`$' else "" if letter == "\n" else "\\" + letter
            state, value = "quoted", value + kept
    return found


@given(ENVIRONMENTS)
def test_systemd_reads_what_was_written(values: dict[str, str]) -> None:
    text = environment_file.render(values)
    assert as_systemd(text) == values
    assert environment_file.parse(text) == values


@given(ENVIRONMENTS)
@settings(max_examples=25)
def test_the_shell_reads_what_was_written(values: dict[str, str]) -> None:
    show = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('APP_')}))"
    script = f'set -a\n{environment_file.render(values)}exec "$0" -I -c "$1"'
    for shell in ("/bin/sh", "/bin/bash"):
        done = subprocess.run([shell, "-c", script, sys.executable, show], env={}, capture_output=True, check=True)
        assert json.loads(done.stdout) == values


@pytest.mark.parametrize("value", ["a\rb", "\0", "\x1b[0m", "\x7f", "\ud800", "x" * 131072])
def test_a_value_that_no_process_could_get_is_refused_without_being_told(value: str) -> None:
    with pytest.raises(RuntimeSettingError) as error:
        environment_file.render({"APP_KEY": "s3cr3t" + value})
    assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize("name", ["APP_ENV", "_private", "TZ", "AWS_REGION", "Mixed1", "DATABASE_URL", "PATHS"])
def test_a_name_that_an_environment_may_have(name: str) -> None:
    assert check_name("site_environment", name) == name


@pytest.mark.parametrize("name", ["1A", "A-B", "A B", "", "A=B", "Ä", 1, None, "A\n"])
def test_a_name_that_is_none(name: Any) -> None:
    with pytest.raises(RuntimeSettingError, match="no name of an environment variable"):
        check_name("site_environment", name)


@pytest.mark.parametrize(
    "name", ["PATH", "HTTP_PROXY", "HTTPS", "LD_PRELOAD", "BASH_ENV", "IFS", "PHPRC", "PHP_VALUE", "FPM_SOCKETS", "UID"]
)
def test_a_name_that_means_something_else(name: str) -> None:
    with pytest.raises(RuntimeSettingError, match=f"has {name}, which .* choose another name"):
        check_name("site_secrets", name)


@pytest.mark.parametrize("value", [True, None, 1.10, ["a"], {"a": 1}])
def test_a_plain_value_that_is_no_text(value: Any) -> None:
    with pytest.raises(RuntimeSettingError, match=r"site_environment\.APP is .* in quotes"):
        plain_texts("site_environment", {"APP": value})


def test_whole_numbers_are_texts() -> None:
    assert plain_texts("site_environment", {"PORT": 3306, "EMPTY": ""}) == {"PORT": "3306", "EMPTY": ""}


def test_a_variable_is_either_plain_or_secret() -> None:
    with pytest.raises(RuntimeSettingError, match="B is in site_environment and in site_secrets"):
        check_disjoint(["A", "B"], ["B", "C"])


def test_sources() -> None:
    assert sources_of(
        {"A": {"parameter": "/shop/a"}, "B": {"secret": "shop/b"}, "C": {"secret": "shop/b", "key": "c"}}
    ) == {"A": Source("parameter", "/shop/a"), "B": Source("secret", "shop/b"), "C": Source("secret", "shop/b", "c")}


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("/shop/a", "does not say where"),
        ({}, "does not say where"),
        ({"parameter": "a", "secret": "b"}, "does not say where"),
        ({"parameter": "/a", "key": "b"}, "has key"),
        ({"secret": "a", "field": "b"}, "has field"),
        ({"parameter": "a/b"}, "begins with a slash"),
        ({"parameter": "/a/"}, "begins with a slash"),
        ({"parameter": "/a:3"}, "begins with a slash"),
        ({"parameter": 1}, "begins with a slash"),
        ({"secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf"}, "not its ARN"),
        ({"secret": "a", "key": 1}, "name a field"),
    ],
)
def test_a_source_that_is_none(where: Any, told: str) -> None:
    with pytest.raises(RuntimeSettingError, match=f"site_secrets.A .*{told}"):
        source_of("A", where)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [("", "{}", "{}"), ("a", '{"a": "x"}', "x"), ("a", '{"a": 3306}', "3306"), ("a", '{"a": 1.50}', "1.5")],
)
def test_a_field_of_a_secret(key: str, text: str, value: str) -> None:
    assert field("A", Source("secret", "shop", key), text) == value


@pytest.mark.parametrize("text", ["s3cr3t", '["s3cr3t"]', '{"b": "s3cr3t"}', '{"a": ["s3cr3t"]}', '{"a": null}', '{"a'])
def test_a_field_that_is_not_there_is_told_without_the_value(text: str) -> None:
    with pytest.raises(RuntimeSettingError, match=r"site_secrets\.A") as error:
        field("A", Source("secret", "shop", "a"), text)
    assert "s3cr3t" not in str(error.value)
    assert error.value.__context__ is None


SCHEDULES = [
    "minutely", "hourly", "daily", "weekly", "monthly", "yearly", "quarterly", "semiannually",
    "*-*-* *:*:00", "*:0/15", "03:30", "Mon..Fri 08:00", "Sat,Sun *-*-* 4:00:00", "*-*-1,15 00:00", "*-02~03 00:00",
    "2030-*-* 1..5:30", "Mon *-05~07/1 12:00", "12:00 UTC", "Wed 12:00 Asia/Tokyo", "05-03", "*-*~1 23:59",
    "*-*-* 0/6:00:30",
]  # fmt: skip
FAULTS = {
    "": "empty",
    "never": "no day of the week",
    "* * * * *": "no day of the week",
    "25:00": "hour",
    "12:60": "minute",
    "13-01 12:00": "month",
    "12:00 Mon": "in this order",
    "Mon Tue": "in this order",
    "*:*:*": "more than once a minute",
    "*:*:0/30": "more than once a minute",
    "5..1:00": "hour",
    "*:0/0": "minute",
    "12:00 Asia/Nowhere": "no day of the week",
    "*:": "no day",
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules(schedule: str) -> None:
    assert fault(schedule) == ""


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_systemd_knows_them(schedule: str) -> None:
    analyze = Path("/usr/bin/systemd-analyze")
    if not analyze.exists():
        pytest.skip("systemd is not here")
    done = subprocess.run([analyze, "calendar", schedule], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("schedule", FAULTS)
def test_no_schedules(schedule: str) -> None:
    assert FAULTS[schedule] in fault(schedule)


JOB = {"name": "feed", "command": "bin/feed", "schedule": "hourly"}


def test_a_job_gets_its_timeout() -> None:
    assert jobs_of([JOB, {**JOB, "name": "b", "timeout": 60}]) == [
        {**JOB, "timeout": 3600},
        {**JOB, "name": "b", "timeout": 60},
    ]


@pytest.mark.parametrize(
    ("jobs", "told"),
    [
        ("hourly", "no list of jobs"),
        ([JOB, JOB], "two jobs named feed"),
        ([{**JOB, "name": "a/b"}], "small letters"),
        ([{**JOB, "name": "x" * 41}], "small letters"),
        ([{**JOB, "user": "root"}], "has user"),
        ([{**JOB, "command": " "}], "a line for the shell"),
        ([{**JOB, "command": None}], "a line for the shell"),
        ([{**JOB, "schedule": "* * * * *"}], "calendar expression"),
        ([{**JOB, "schedule": 5}], "calendar expression"),
        ([{**JOB, "timeout": "1h"}], "whole seconds"),
        ([{**JOB, "timeout": 0}], "whole seconds"),
    ],
)
def test_jobs_that_are_none(jobs: Any, told: str) -> None:
    with pytest.raises(RuntimeSettingError, match=told):
        jobs_of(jobs)
