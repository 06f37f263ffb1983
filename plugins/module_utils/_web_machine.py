# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A look at a web machine from inside. It only reads, and what is not there is part of the answer."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
import time
import typing as t
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from ._resource import Resource
from ._visit import fetch

Run = Callable[[list[str]], tuple[int, str]]
"""Runs a command; returns its exit status, `STUCK` if it was ended after its time, and its output."""
STUCK = -1
LISTENS = "0A"
"""How the kernel calls the state of a socket that listens."""
SOCKETS = ("/proc/net/tcp", "/proc/net/tcp6")

UNITS = {
    "agent": ("amazon-ssm-agent.service", "snap.amazon-ssm-agent.amazon-ssm-agent.service"),
    "web_server": ("httpd.service", "apache2.service"),
    "mount_timer": ("shared-files.timer",),
}
"""The names that a unit has on one system or another."""
SITE_FILES = ("/etc/httpd/conf.d/*.conf", "/etc/apache2/sites-enabled/*.conf")
PHP_SETTINGS = (
    *("opcache.enable", "opcache.validate_timestamps", "opcache.revalidate_path", "opcache.revalidate_freq"),
    "realpath_cache_ttl",
)

LONGEST_COMPLAINT = 300
WEB_SERVERS = ("/usr/sbin/apache2ctl", "/usr/sbin/httpd", "/usr/sbin/apachectl")
"""What checks Apache's configuration: Debian's apache2 lacks its environment, so its control program is asked."""
WEB_USERS = ("www-data", "apache")
TURN = ".turns/update"
"""Below the share, where roles/updates says whose turn it is to install updates."""
DISKS = ("/", "/var", "/var/log", "/tmp")  # noqa: S108  what is looked at is theirs, nothing is put there

# ---- pure


def units_in(shown: str) -> dict[str, Resource]:
    """Return the units that are installed, by name, from what `systemctl show` says."""
    found = {}
    for block in shown.split("\n\n"):
        rows = dict(line.partition("=")[::2] for line in block.splitlines())
        if rows.get("LoadState") in ("loaded", "masked"):
            enabled = rows.get("UnitFileState") in ("enabled", "enabled-runtime", "static", "alias")
            found[rows["Id"]] = {
                "name": rows["Id"],
                "active": rows.get("ActiveState") == "active",
                "enabled": enabled,
                "masked": "masked" in (rows["LoadState"], rows.get("UnitFileState")),
            }
    return found


def mount_unit(path: str) -> str:
    """Return the unit that mounts a path (systemd.mount(5), systemd-escape(1))."""
    told = path.strip("/")
    escaped = [
        "-"
        if letter == "/"
        else letter
        if letter.isalnum() or letter in ":_" or (letter == "." and place)
        else f"\\x{ord(letter):02x}"
        for place, letter in enumerate(told)
    ]
    return f"{''.join(escaped)}.mount"


def first_complaint(said: str) -> str:
    """Return what a check of a configuration complains about first, in one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    wrong = [line for line in lines if re.search(r"error|invalid|failed|unknown|not found", line, re.IGNORECASE)]
    return (wrong or lines or ["it says nothing"])[0][:LONGEST_COMPLAINT]


def fstab_line(text: str, mount_point: str) -> Resource | None:
    """Return the line of a mount point."""
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 4 and not line.lstrip().startswith("#") and fields[1] == mount_point:
            return {"source": fields[0], "type": fields[2], "options": fields[3]}
    return None


def tunnel_unit(fstab: Resource | None) -> str | None:
    """Return the unit of the tunnel that a line of fstab waits for; None if it waits for none."""
    waits = re.search(r"(?:^|,)x-systemd\.after=(shared-files-tunnel@[^,]+)", fstab["options"]) if fstab else None
    return waits[1] if waits else None


def mounts_in(mountinfo: str) -> dict[str, Resource]:
    """Return what is mounted, by mount point; of several at one place, the last (proc_pid_mountinfo(5))."""
    found = {}
    for line in mountinfo.splitlines():
        before, dummy, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) >= 5 and len(kind) >= 2:
            point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])  # blanks are octal numbers
            read_only = "ro" in fields[5].split(",") if len(fields) > 5 else False
            found[point] = {"source": kind[1], "type": kind[0], "root": fields[3], "read_only": read_only}
    return found


def mount_of(path: str, mount_points: Iterable[str]) -> str:
    """Return the mount point below which a path lies."""
    above = [point for point in mount_points if path == point or path.startswith(point.rstrip("/") + "/")]
    return max(above, key=len, default="/")


def directive(texts: Iterable[str], name: str) -> str | None:
    """Return the value of a directive in Apache's files, the last one that is set."""
    pattern = re.compile(rf'^[ \t]*{name}[ \t]+"?([^"\n]*?)"?[ \t]*$', re.MULTILINE | re.IGNORECASE)
    values = [value for text in texts for value in pattern.findall(text)]
    return values[-1] if values else None


def keep_alive(texts: list[str]) -> int | None:
    """Return the seconds that Apache keeps an idle connection, 0 if it keeps none."""
    if (directive(texts, "KeepAlive") or "On").lower() == "off":
        return 0
    told = directive(texts, "KeepAliveTimeout")
    return int(told) if told and told.isdecimal() else 5 if texts else None  # 5 is Apache's default


def name_servers_in(resolv_conf: str) -> list[str]:
    """Return the name servers of resolv.conf(5)."""
    return re.findall(r"^nameserver\s+(\S+)", resolv_conf, re.MULTILINE)


def listened(table: str) -> list[str]:
    """Return where TCP is listened, by the kernel's table of sockets for IPv4 or IPv6 (proc_net(5))."""
    rows = [line.split() for line in table.splitlines()[1:]]
    return [_address(row[1]) for row in rows if len(row) > 3 and row[3] == LISTENS]


def _address(told: str) -> str:
    raw, dummy, port = told.partition(":")
    # Words of four bytes, each in the processor's order.
    words = [bytes.fromhex(raw[at : at + 8]) for at in range(0, len(raw), 8)]
    packed = b"".join(word[::-1] if sys.byteorder == "little" else word for word in words)
    return f"{ipaddress.ip_address(packed)}:{int(port, 16)}"


def age_of(stat: str, uptime: str, ticks: int) -> float | None:
    """Return for how many seconds a process runs, by its stat and by the kernel's uptime (proc(5))."""
    try:
        # The name of the program may have blanks and brackets in it.
        started = int(stat.rpartition(")")[2].split()[19]) / ticks
        return max(0.0, float(uptime.split()[0]) - started)
    except (IndexError, ValueError):
        return None


def php_settings(told: str) -> dict[str, str]:
    """Return PHP's settings from what it tells of itself: `name => local value => master value`."""
    rows = (line.split(" => ") for line in told.splitlines())
    return {row[0]: row[1].strip() for row in rows if len(row) >= 2 and row[0] in PHP_SETTINGS}


# ---- reading


def text_of(path: str) -> str:
    """Return a file's text, empty if it cannot be read."""
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def read_units(run: Run, php: str, share: str, tunnel: str | None) -> dict[str, Resource]:
    """Return the state of the units that the site needs, by role."""
    wanted = {**UNITS, "php": (php,), "mount": (mount_unit(share),), **({"tunnel": (tunnel,)} if tunnel else {})}
    names = [name for several in wanted.values() for name in several]
    dummy, shown = run(["systemctl", "show", "--property=Id,LoadState,ActiveState,UnitFileState", *names])
    found = units_in(shown)
    return {role: found[name] for role, several in wanted.items() for name in several if name in found}


def php_program() -> Path | None:
    """Return PHP's process manager: Debian's bears the version."""
    return next((program for program in sorted(Path("/usr/sbin").glob("php-fpm*"))), None)


def php_unit(program: Path | None) -> str:
    """Return the unit of a process manager: php-fpm8.2 is run by php8.2-fpm.service."""
    version = program.name.removeprefix("php-fpm") if program else ""
    return f"php{version}-fpm.service"


def checked(run: Run, command: list[str]) -> Resource | None:
    """Return whether a program takes its configuration as it is written now; None if it did not say so in time."""
    status, said = run(["sh", "-c", 'exec "$0" "$@" 2>&1', *command])
    if status in (STUCK, 126, 127):
        return None
    return {"valid": status == 0, "complaint": None if status == 0 else first_complaint(said)}


def read_web_server(run: Run) -> Resource | None:
    """Return what the web server says of its written configuration; None if there is no web server."""
    control = next((program for program in WEB_SERVERS if Path(program).exists()), None)
    return checked(run, [control, "-t"]) if control else None


def read_disks() -> list[Resource]:
    """Return how much of each local file system is left, by the first path on it that matters."""
    found: dict[int, Resource] = {}
    for path in DISKS:
        try:
            device, told = Path(path).stat().st_dev, os.statvfs(path)
        except OSError:
            continue
        found.setdefault(
            device,
            {
                "path": path,
                "free_bytes": told.f_bavail * told.f_frsize,
                "bytes": told.f_blocks * told.f_frsize,
                "free_inodes": told.f_favail,
                "inodes": told.f_files,
            },
        )
    return list(found.values())


def tree_of(path: str) -> str:
    """Return the folder of the whole release of which a folder is served."""
    parts = PurePosixPath(path).parts
    below = parts.index("releases") + 1 if "releases" in parts[:-1] else len(parts) - 1
    return str(PurePosixPath(*parts[: below + 1]))


def first_unreadable(run: Run, folder: str) -> str | None:
    """Return the first path in a folder that the web server's user cannot read, empty if there is none."""
    names = {line.partition(":")[0] for line in text_of("/etc/passwd").splitlines()}
    user = next((user for user in WEB_USERS if user in names), None)
    if user is None:
        return None
    status, said = run(["runuser", "-u", user, "--", "find", folder, "!", "-readable", "-print", "-quit"])
    return said.strip() if status == 0 or said.strip() else None


def document_root(texts: list[str], mount_points: Iterable[str], run: Run) -> Resource:
    """Return where the web server's files lie, and which release they are."""
    root = directive(texts, "DocumentRoot")
    found: Resource = {"document_root": root, "document_root_exists": None, "document_root_mount": None}
    found["unreadable"] = None
    if not root:
        return {**found, "release": None}
    # A share that does not answer holds whoever looks at a file on it, so another process looks.
    status, real = run(["realpath", "--canonicalize-existing", root])
    if status == STUCK:
        return {**found, "document_root_mount": mount_of(root, mount_points), "release": None}
    place = real.strip() or root
    return {
        **found,
        "unreadable": first_unreadable(run, tree_of(place)) if status == 0 else None,
        "document_root_exists": status == 0,
        "document_root_mount": mount_of(place, mount_points),
        "release": release_of(place) if status == 0 else None,
    }


def release_of(path: str) -> str:
    """Return which release a folder is of: the folder below `releases`, or where there is none, its own name."""
    parts = PurePosixPath(path).parts
    below = parts.index("releases") + 1 if "releases" in parts[:-1] else len(parts) - 1
    return parts[below]


def read_turn(run: Run, share: str) -> Resource | None:
    """Return who has the turn to install updates (roles/updates), and since when; None if nobody has it."""
    turn = f"{share}/{TURN}"
    # Another process looks: see `document_root`.
    status, since = run(["stat", "--format", "%Y", turn])
    dummy, holder = run(["cat", turn])
    return {"holder": holder.strip(), "since": float(since)} if status == 0 else None


def at_once(looks: Mapping[str, Callable[[], t.Any]]) -> Resource:
    """Look from several sides at the same time: a share or a page that hangs holds each of them for its whole time."""
    with ThreadPoolExecutor(len(looks)) as pool:
        running = {key: pool.submit(look) for key, look in looks.items()}
    return {key: future.result() for key, future in running.items()}


def look(params: Mapping[str, t.Any], run: Run) -> Resource:
    """Look at the machine."""
    share = params["share"].rstrip("/")
    mounts = mounts_in(text_of("/proc/self/mountinfo"))
    fstab = fstab_line(text_of("/etc/fstab"), share)
    program = php_program()
    texts = [text_of(str(file)) for pattern in SITE_FILES for file in sorted(Path("/").glob(pattern.lstrip("/")))]
    seen = at_once(
        {
            "units": lambda: read_units(run, php_unit(program), share, tunnel_unit(fstab)),
            "web_server": lambda: read_web_server(run),
            "php": lambda: checked(run, [str(program), "-t"]) if program else None,
            "settings": lambda: php_settings(run([str(program), "-i"])[1]) if program else None,
            "turn": lambda: read_turn(run, share),
            "files": lambda: document_root(texts, mounts, run),
            "health": lambda: fetch(f"http://127.0.0.1{params['health_path']}", params["timeout"]),
        }
    )
    return {
        # The first process rather than the kernel, which a container shares with its host.
        "up_seconds": age_of(text_of("/proc/1/stat"), text_of("/proc/uptime"), os.sysconf("SC_CLK_TCK")),
        "units": seen["units"],
        # What they say of their written configurations, which they may not have loaded yet.
        "configurations": {"web_server": seen["web_server"], "php": seen["php"]},
        "disks": read_disks(),
        "share": share,
        "fstab": fstab,
        "mount": mounts.get(share),
        "turn": seen["turn"],
        **seen["files"],
        "health": seen["health"],
        "keep_alive_seconds": keep_alive(texts),
        "name_servers": name_servers_in(text_of("/etc/resolv.conf")),
        "listening": sorted({port for table in SOCKETS for port in listened(text_of(table))}),
        "clock": time.time(),
        "php": seen["settings"],
    }
