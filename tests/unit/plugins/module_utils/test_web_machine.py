# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine's files and commands tell of it."""

from __future__ import annotations

import pytest
from ansible_collections.hasite.aws.plugins.module_utils import _web_machine
from hypothesis import given
from hypothesis import strategies as st

SHOWN = """\
Id=apache2.service
LoadState=loaded
ActiveState=inactive
UnitFileState=disabled

Id=httpd.service
LoadState=not-found
ActiveState=inactive
UnitFileState=

Id=php8.2-fpm.service
LoadState=loaded
ActiveState=active
UnitFileState=enabled
"""


def test_units_that_are_not_installed_are_left_out() -> None:
    found = _web_machine.units_in(SHOWN)
    assert set(found) == {"apache2.service", "php8.2-fpm.service"}
    down = {"name": "apache2.service", "active": False, "enabled": False, "masked": False}
    assert found["apache2.service"] == down
    assert found["php8.2-fpm.service"]["enabled"]


def test_units_by_role_whatever_the_system_calls_them() -> None:
    found = _web_machine.read_units(lambda command: (0, SHOWN), "php8.2-fpm.service", "/srv/site", None)
    assert {role: one["name"] for role, one in found.items()} == {
        "web_server": "apache2.service",
        "php": "php8.2-fpm.service",
    }


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("fs-1:/ /srv/site efs _netdev,nofail,tls 0 0\n", "_netdev,nofail,tls"),
        ("# fs-1:/ /srv/site efs _netdev 0 0\n", None),
        ("fs-1:/ /srv/site2 efs _netdev 0 0\n", None),
        ("UUID=1 / ext4 defaults 0 1\n\nfs:/\t/srv/site nfs4 defaults\n", "defaults"),
        ("", None),
    ],
)
def test_the_line_of_fstab(text: str, options: str | None) -> None:
    line = _web_machine.fstab_line(text, "/srv/site")
    assert (line["options"] if line else None) == options


@pytest.mark.parametrize(
    ("options", "unit"),
    [
        ("_netdev,nofail,x-systemd.after=shared-files-tunnel@fs-1.service", "shared-files-tunnel@fs-1.service"),
        ("x-systemd.after=shared-files-tunnel@fs-1.service,nofail", "shared-files-tunnel@fs-1.service"),
        ("_netdev,nofail,tls", None),
        ("x-systemd.after=network.target", None),
    ],
)
def test_the_tunnel_that_a_line_waits_for(options: str, unit: str | None) -> None:
    assert _web_machine.tunnel_unit({"source": "127.0.0.1:/", "type": "nfs4", "options": options}) == unit


def test_without_a_line_there_is_no_tunnel() -> None:
    assert _web_machine.tunnel_unit(None) is None


MOUNTINFO = """\
920 843 0:120 / / rw,relatime shared:496 - overlay overlay rw
921 920 0:44 / /srv/site rw shared:1 - nfs4 fs-1.efs.ap-northeast-1.amazonaws.com:/ rw
922 920 8:1 /a /srv/with\\040blank rw - ext4 /dev/sda1 rw
"""


def test_a_mount_of_which_only_this_machine_s_side_is_read_only() -> None:
    assert _web_machine.mounts_in("921 920 0:44 / /srv/site ro shared:1 - nfs4 fs-1:/ rw")["/srv/site"]["read_only"]


def test_who_has_the_turn_to_install_updates() -> None:
    told = {"stat": (0, "1795950000\n"), "cat": (0, "ip-10-0-32-5\n")}
    turn = _web_machine.read_turn(lambda command: told[command[0]], "/srv/site")
    assert turn == {"holder": "ip-10-0-32-5", "since": 1795950000.0}
    assert _web_machine.read_turn(lambda _command: (1, "No such file"), "/srv/site") is None


def test_what_is_mounted_where() -> None:
    mounts = _web_machine.mounts_in(MOUNTINFO)
    share = {"source": "fs-1.efs.ap-northeast-1.amazonaws.com:/", "type": "nfs4", "root": "/"}
    assert mounts["/srv/site"] == {**share, "read_only": False}
    assert "/srv/with blank" in mounts
    assert _web_machine.mount_of("/srv/site/releases/1", mounts) == "/srv/site"
    assert _web_machine.mount_of("/srv/sites", mounts) == "/"


@given(st.text(max_size=300))
def test_any_text_is_read_without_failing(text: str) -> None:
    _web_machine.units_in(text)
    _web_machine.fstab_line(text, "/srv/site")
    _web_machine.mounts_in(text)
    _web_machine.php_settings(text)
    assert _web_machine.keep_alive([text]) is not None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("KeepAlive On\nKeepAliveTimeout 75\n", 75),
        ("keepalivetimeout 5\nKeepAliveTimeout 61\n", 61),
        ("KeepAlive Off\nKeepAliveTimeout 75\n", 0),
        ("# KeepAliveTimeout 75\n", 5),
    ],
)
def test_how_long_apache_keeps_connections(text: str, seconds: int) -> None:
    assert _web_machine.keep_alive([text]) == seconds


def test_without_files_of_apache_nothing_is_said() -> None:
    assert _web_machine.keep_alive([]) is None


def test_the_document_root_and_its_release() -> None:
    texts = ['<VirtualHost *:80>\n    DocumentRoot "/srv/site/current"\n</VirtualHost>\n']
    mounts = ["/", "/srv/site"]
    said = {"realpath": "/srv/site/releases/r1\n"}
    found = _web_machine.document_root(texts, mounts, lambda command: (0, said.get(command[0], "")))
    assert found == {
        "document_root": "/srv/site/current",
        "document_root_exists": True,
        "document_root_mount": "/srv/site",
        "release": "r1",
        "unreadable": "",
    }
    gone = _web_machine.document_root(texts, ["/"], lambda command: (1, ""))
    assert (gone["document_root_exists"], gone["document_root_mount"], gone["release"]) == (False, "/", None)


@pytest.mark.parametrize(
    ("path", "release"),
    [("/srv/site/releases/r1", "r1"), ("/srv/site/releases/r1/public", "r1"), ("/var/www/html", "html"), ("/", "/")],
)
def test_which_release_a_folder_is_of(path: str, release: str) -> None:
    assert _web_machine.release_of(path) == release


def test_a_share_that_does_not_answer_is_not_waited_for() -> None:
    texts = ["DocumentRoot /srv/site/current\n"]
    found = _web_machine.document_root(texts, ["/", "/srv/site"], lambda command: (_web_machine.STUCK, ""))
    assert (found["document_root_exists"], found["document_root_mount"]) == (None, "/srv/site")


MASKED = """\
Id=apache2.service
LoadState=masked
ActiveState=active
UnitFileState=masked
"""


def test_a_masked_unit_may_still_run() -> None:
    unit = {"name": "apache2.service", "active": True, "enabled": False, "masked": True}
    assert _web_machine.units_in(MASKED) == {"apache2.service": unit}


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/srv/site", "srv-site.mount"),
        ("/srv/my-site/", "srv-my\\x2dsite.mount"),
        ("/.hidden/a.b", "\\x2ehidden-a.b.mount"),
    ],
)
def test_the_unit_that_mounts_a_path(path: str, unit: str) -> None:
    assert _web_machine.mount_unit(path) == unit


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        (0, "Syntax OK\n", {"valid": True, "complaint": None}),
        (
            1,
            "AH00558: Could not determine the name\nAH00526: Syntax error on line 1 of x.conf:\nInvalid command\n",
            {"valid": False, "complaint": "AH00526: Syntax error on line 1 of x.conf:"},
        ),
        (78, "\n", {"valid": False, "complaint": "it says nothing"}),
        (127, "", None),
        (_web_machine.STUCK, "", None),
    ],
)
def test_what_a_program_says_of_its_configuration(status: int, said: str, told: object) -> None:
    assert _web_machine.checked(lambda command: (status, said), ["/usr/sbin/apache2ctl", "-t"]) == told


@pytest.mark.parametrize(
    ("path", "tree"),
    [
        ("/srv/site/releases/r1/public", "/srv/site/releases/r1"),
        ("/srv/site/releases/r1", "/srv/site/releases/r1"),
        ("/var/www/html", "/var/www/html"),
    ],
)
def test_the_folder_of_a_whole_release(path: str, tree: str) -> None:
    assert _web_machine.tree_of(path) == tree


@pytest.mark.parametrize(
    ("stat", "uptime", "age"),
    [
        (f"1 (sys (d)) S {' '.join(['0'] * 18)} 5000 0", "80.5 100.0", 30.5),
        ("1 (systemd) S", "80.5 100.0", None),
        ("", "", None),
    ],
)
def test_for_how_long_a_machine_runs(stat: str, uptime: str, age: float | None) -> None:
    assert _web_machine.age_of(stat, uptime, 100) == age


def test_disks_are_told_once_each() -> None:
    found = _web_machine.read_disks()
    assert found[0]["path"] == "/"
    assert len({one["path"] for one in found}) == len(found)
    assert all(0 <= one["free_bytes"] <= one["bytes"] for one in found)


def test_settings_of_php() -> None:
    told = "opcache.enable => On => On\nopcache.revalidate_freq => 5 => 2\nother => 1 => 1\nphpinfo()\n"
    assert _web_machine.php_settings(told) == {"opcache.enable": "On", "opcache.revalidate_freq": "5"}


def test_name_servers() -> None:
    assert _web_machine.name_servers_in("search x\nnameserver 10.0.0.2\n#nameserver 1.1.1.1\n") == ["10.0.0.2"]


SOCKETS = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   2: 0100007F:0050 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 1 1
"""
SOCKETS_6 = """\
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A
   1: 00000000000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A
"""


def test_where_tcp_is_listened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.byteorder", "little")
    assert _web_machine.listened(SOCKETS) == ["127.0.0.1:25", "0.0.0.0:80"]
    assert _web_machine.listened(SOCKETS_6) == [":::80", "::1:443"]
    assert _web_machine.listened("") == []
