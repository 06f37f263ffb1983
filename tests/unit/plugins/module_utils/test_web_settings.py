# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site asks of Apache and PHP: checked before there is a machine, and again on it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._settings.error import SettingsError
from ansible_collections.hasite.aws.plugins.module_utils._web import ini
from ansible_collections.hasite.aws.plugins.module_utils._web.extensions import EXTENSIONS, packages_of
from ansible_collections.hasite.aws.plugins.module_utils._web.settings import STANDARD, checked
from ansible_collections.hasite.aws.plugins.module_utils._web.systems import SYSTEMS, system_of, system_of_image
from hypothesis import given
from hypothesis import strategies as st

AMAZON_IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


def ask(php: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    asked = {"version": None, "extensions": [], "settings": {}, "shared_paths": [], **(php or {})}
    open_: dict[str, Any] = {"system": None, "ami_parameter": None, "files": None, "packages": [], "public_folder": "",
             "front_controller": "", "htaccess": False, "shared_paths": [], "headers": {}, "methods": None,
             "denied_files": None}  # fmt: skip
    found: dict[str, Any] = checked({**open_, "php": asked, **more})
    return found


def refusal(php: dict[str, Any] | None = None, **more: Any) -> str:
    with pytest.raises(SettingsError) as raised:
        ask(php, **more)
    return str(raised.value)


@pytest.mark.parametrize(
    ("system", "version", "expected"),
    [
        ("Debian 12", None, {"php8.2-xml", "php8.2-mysql", "php-redis", "php8.2-sqlite3"}),
        ("Debian 13", None, {"php8.4-xml", "php8.4-mysql", "php-redis", "php8.4-sqlite3"}),
        ("Ubuntu 22", None, {"php8.1-xml", "php8.1-mysql", "php-redis", "php8.1-sqlite3"}),
        ("Ubuntu 24", None, {"php8.3-xml", "php8.3-mysql", "php-redis", "php8.3-sqlite3"}),
        ("Amazon 2023", None, {"php8.4-xml", "php8.4-mysqlnd", "php8.4-pecl-redis6", "php8.4-pdo"}),
        ("Amazon 2023", "8.2", {"php8.2-xml", "php8.2-mysqlnd", "php8.2-pecl-redis6", "php8.2-pdo"}),
    ],
)
def test_extensions_are_packages_of_the_system(system: str, version: str | None, expected: set[str]) -> None:
    php = {"version": version, "extensions": ["DOM", "pdo_mysql", "redis", "sqlite3", "json", "tokenizer"]}
    found = ask(php, system=system)
    assert expected <= set(found["packages"])
    assert not [package for package in found["packages"] if "json" in package or "tokenizer" in package]
    assert {f"php{found['version']}-fpm", f"php{found['version']}-cli"} <= set(found["packages"])


def test_enterprise_linux_has_its_own_names() -> None:
    found = ask({"extensions": ["apcu"]}, system="Rocky 9")
    assert {"php-fpm", "php-pecl-zip", "php-pecl-apcu", "php-mbstring"} <= set(found["packages"])
    assert found["version"] == "8.0"


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda one: one.title)
def test_every_system_has_the_standard_extensions_in_every_version(system: Any) -> None:
    for version in system.versions:
        assert packages_of(STANDARD, system, version)


def test_opcache_is_a_part_of_newer_php() -> None:
    assert "php8.4-opcache" in ask({"version": "8.4"}, system="Amazon 2023")["packages"]
    assert "php8.5-opcache" not in ask({"version": "8.5"}, system="Amazon 2023")["packages"]


@pytest.mark.skipif(not shutil.which("apt-cache"), reason="asks Debian's package index")
def test_debians_packages_are_there() -> None:
    if 'VERSION_ID="12"' not in Path("/etc/os-release").read_text():
        pytest.skip("another Debian has other packages")
    system = system_of("Debian 12")
    names = packages_of(EXTENSIONS, system, "8.2")
    done = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", *names], capture_output=True, text=True, check=False
    )
    assert not re.findall(r"^N: .*|^E: .*", done.stderr, re.MULTILINE)
    assert set(re.findall(r"^Package: (\S+)", done.stdout, re.MULTILINE)) == set(names)


@pytest.mark.parametrize(
    ("parameter", "title"),
    [
        (AMAZON_IMAGE, "Amazon Linux 2023"),
        ("/aws/service/debian/release/12/latest/amd64", "Debian 12"),
        ("/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id", "Ubuntu 24.04"),
        ("/my/own/image", None),
    ],
)
def test_the_images_name_may_tell_the_system(parameter: str, title: str | None) -> None:
    found = system_of_image(parameter)
    assert (found.title if found else None) == title


@pytest.mark.parametrize(
    ("php", "more", "says"),
    [
        ({"version": "8.3"}, {"system": "Debian 12"}, "site_php.version is 8.3, but Debian 12 has PHP 8.2;"),
        ({"version": "7.4"}, {}, "site_php.version is 7.4, but the systems that the role web knows have PHP 8.0, 8.1"),
        ({"version": "8.0"}, {"ami_parameter": AMAZON_IMAGE}, "Amazon Linux 2023 has PHP 8.1, 8.2, 8.3, 8.4, 8.5"),
        ({"extensions": ["mbsting"]}, {}, "'mbsting', which no system has .* did you mean mbstring"),
        ({"extensions": ["qqq"]}, {}, "'qqq', which no system has .* name its package in site_packages"),
        ({"extensions": ["imagick"]}, {"system": "Amazon 2023"}, "'imagick', which Amazon Linux 2023 does not package"),
        ({"extensions": ["imap"]}, {"system": "Debian 13"}, "'imap', which Debian 13 does not package for PHP 8.4"),
        ({"settings": {"memory_limt": "1G"}}, {}, "'memory_limt', which PHP does not know; did you mean memory_limit"),
        ({"settings": {"memory_limit": "lots"}}, {}, "memory_limit is 'lots', which is not a size"),
        ({"settings": {"max_execution_time": "1 m"}}, {}, "max_execution_time is '1 m'; give it a whole number"),
        ({"settings": {"include_path": ["a"]}}, {}, "include_path is \\['a'\\]; give it a text"),
        ({"settings": {"user_agent": "a\nextension=evil"}}, {}, "user_agent has a control character"),
        ({"settings": {"user_agent": "it's \"$X\""}}, {}, "user_agent has a single quote beside"),
        ({"settings": {"zend_extension": "xdebug"}}, {}, "zend_extension, which the site needs .* site_php.extensions"),
        ({"settings": {"opcache.preload": "x.php"}}, {}, "opcache.preload, which the site needs as it is"),
        ({"settings": {"apc.shm_size": "64M"}}, {}, "apc.shm_size, which belongs to the extension apcu; add apcu to"),
        ({"settings": {"session.save_path": "/tmp"}}, {}, "session.save_path, but where sessions lie is decided by"),
        ({"settings": {"post_max_size": "8M"}}, {}, "post_max_size is 8M, less than upload_max_filesize, 64M"),
        ({"shared_paths": ["up"]}, {"shared_paths": ["data"]}, "site_php.shared_paths names up, which is none of"),
        ({}, {"public_folder": "../etc"}, "site_public_folder is '../etc'; write a path below"),
        ({}, {"public_folder": "/srv"}, "site_public_folder is '/srv'; write a path below"),
        ({}, {"public_folder": 'a"b'}, "site_public_folder is 'a\"b', which has characters"),
        ({}, {"front_controller": "a/../b.php"}, "site_front_controller is 'a/../b.php'; write a path below"),
        ({}, {"front_controller": "index.php", "htaccess": True}, "site_htaccess is true; choose one"),
        ({}, {"packages": ["-y"]}, "site_packages names '-y', which is not the name of a package"),
        ({}, {"system": "Gentoo 2"}, "The machine runs Gentoo 2, which the role web does not know; choose an image of"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused_in_one_sentence(php: dict[str, Any], more: dict[str, Any], says: str) -> None:
    assert re.search(says, refusal(php, **more))


def test_paths_are_looked_up_in_the_sites_files(tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    assert "has no such file" in refusal(files=str(tmp_path), public_folder="public", front_controller="index.php")
    (tmp_path / "public" / "index.php").touch()
    found = ask(files=str(tmp_path), public_folder="./public/", front_controller="index.php")
    assert (found["public_folder"], found["front_controller"]) == ("public", "index.php")
    ask(files=str(tmp_path / "none"), public_folder="web")


def test_uploads_make_room_in_the_form() -> None:
    found = ask({"settings": {"upload_max_filesize": "2G"}})
    assert "upload_max_filesize = 2G" in found["ini"]
    assert f"post_max_size = {(2 << 30) + (8 << 20)}" in found["ini"]
    assert found["largest_body"] == (2 << 30) + (8 << 20)
    assert ask()["largest_body"] == (64 + 8) << 20
    assert ask({"settings": {"post_max_size": 0}})["largest_body"] == 0


def test_sessions_are_sent_by_https_to_this_site_only() -> None:
    assert {
        "session.cookie_secure = On",
        "session.cookie_httponly = On",
        "session.cookie_samesite = 'Lax'",
        "session.use_strict_mode = On",
    } <= set(ask()["ini"])
    assert "session.cookie_samesite = 'None'" in ask({"settings": {"session.cookie_samesite": "None"}})["ini"]


def test_pages_start_no_programs_unless_asked_for() -> None:
    assert {"exec", "proc_open", "system"} <= set(ask()["disabled_functions"])
    found = ask({"settings": {"disable_functions": "dl"}})
    assert found["disabled_functions"] == []
    assert "disable_functions = 'dl'" in found["ini"]


def sent(**headers: Any) -> dict[str, str]:
    found = ask(headers={name.replace("_", "-"): value for name, value in headers.items()})
    return {header["name"]: header["value"] for header in found["headers"]}


def test_headers_are_the_usual_ones_and_those_asked_for() -> None:
    usual = sent()
    assert usual["Strict-Transport-Security"] == "max-age=31536000"
    assert "Content-Security-Policy" not in usual
    assert "default-src 'self'" in usual["Content-Security-Policy-Report-Only"]
    changed = sent(x_frame_options="DENY", Referrer_Policy="", X_More='100% "so"', Permissions_Policy=None)
    assert changed["x-frame-options"] == "DENY"
    assert changed["X-More"] == '100% "so"'
    assert not {"X-Frame-Options", "Referrer-Policy", "Permissions-Policy"} & set(changed)


@pytest.mark.parametrize(
    ("name", "value"),
    [("Bad Name", "x"), ("X'", "x"), ("X-A", "two\nlines"), ("X-A", "${HOME}"), ("X-A", 5), ("X-A", "ü"),
     ("Content-Length", "1"), ("Strict-Transport-Security", "forever"),
     ("Strict-Transport-Security", "max-age=1; max-age=2")],
)  # fmt: skip
def test_what_is_no_header_is_refused(name: str, value: Any) -> None:
    assert "site_headers" in refusal(headers={name: value})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("max-age=1", {"max_age": 1, "include_subdomains": False, "preload": False}),
        (
            "max-age=63072000; includeSubDomains; preload",
            {"max_age": 63072000, "include_subdomains": True, "preload": True},
        ),
        ("", None),
    ],
)
def test_the_error_page_says_the_same_about_https(value: str, expected: dict[str, Any] | None) -> None:
    assert ask(headers={"Strict-Transport-Security": value})["strict_transport_security"] == expected


def test_methods_are_those_that_apache_knows() -> None:
    assert ask()["methods"] == ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    assert ask(methods=["get", "PROPFIND"])["methods"] == ["GET", "PROPFIND"]
    assert "FOO" in refusal(methods=["GET", "FOO"])
    assert "TRACE" in refusal(methods=["GET", "TRACE"])
    assert "no GET" in refusal(methods=["POST"])


@pytest.mark.parametrize(
    ("name", "is_denied"),
    [("a.bak", True), ("index.php~", True), (".index.php.swp", True), ("a.SQL", True), ("composer.json", True),
     ("docker-compose.prod.yml", True), ("a.php5", True), ("x.phtml", True), ("index.php", False), ("a.json", False),
     ("manifest.json", False), ("logo.svg", False), ("bak", False), ("x.incl", False)],
)  # fmt: skip
def test_files_that_lie_there_by_mistake(name: str, is_denied: bool) -> None:
    assert bool(re.search(f"(?i){ask()['denied_files']}", name)) == is_denied


def test_denied_files_are_names() -> None:
    assert ask(denied_files=[])["denied_files"] == ""
    assert re.search(ask(denied_files=["a+?.x"])["denied_files"], "a+b.x")
    for wrong in ("a/b", "", 'a"', "a<"):
        assert "site_denied_files" in refusal(denied_files=[wrong])


def test_sessions_elsewhere_are_left_alone() -> None:
    settings = {"session.save_handler": "redis", "session.save_path": "tcp://cache:6379"}
    found = ask({"extensions": ["redis"], "settings": settings})
    assert found["file_sessions"] is False
    assert "session.save_path = 'tcp://cache:6379'" in found["ini"]
    assert ask({"settings": {"session.gc_maxlifetime": 7200}})["session_seconds"] == 7200


def test_shared_paths_are_without_php_but_for_exceptions() -> None:
    found = ask({"shared_paths": ["wp-content/plugins/"]}, shared_paths=["wp-content/uploads", "wp-content/plugins"])
    assert found["without_php"] == ["wp-content/uploads"]
    assert found["with_php"] == ["wp-content/plugins"]


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("memory_limit", "512M", "512M"),
        ("memory_limit", -1, "-1"),
        ("display_errors", True, "On"),
        ("error_reporting", "E_ALL & ~E_NOTICE", "E_ALL & ~E_NOTICE"),
        ("date.timezone", "Asia/Tokyo", "'Asia/Tokyo'"),
        ("include_path", ".:/a;b", "'.:/a;b'"),
        ("user_agent", "it's ours", '"it\'s ours"'),
        ("user_agent", "${HOME}\\n", "'${HOME}\\n'"),
    ],
)
def test_values_are_written_so_that_php_reads_them(name: str, value: Any, line: str) -> None:
    assert ini.written(name, value) == line


@given(st.text(max_size=40))
def test_no_value_ends_its_line(text: str) -> None:
    try:
        line = ini.written("user_agent", text)
    except SettingsError:
        return
    assert "\n" not in line
    assert "\r" not in line


@pytest.mark.parametrize(("text", "size"), [("64M", 64 << 20), ("1g", 1 << 30), ("8192", 8192), ("-1", -1), ("0", 0)])
def test_sizes(text: str, size: int) -> None:
    assert ini.bytes_of(text) == size
