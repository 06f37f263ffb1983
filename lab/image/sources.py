# SPDX-License-Identifier: GPL-3.0-or-later
"""The package sources that this host is configured with: a machine uses the same ones."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.base.errors import LabError

APT = Path("/etc/apt")


@dataclass(frozen=True)
class Source:
    """One archive of binary packages, in the words of sources.list(5)."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""
    trusted: bool = False

    def stanza(self) -> str:
        """Return the source in the deb822 style."""
        lines = [
            "Types: deb",
            f"URIs: {self.uri}",
            f"Suites: {' '.join(self.suites)}",
            f"Components: {' '.join(self.components)}",
        ]
        if self.signed_by:
            lines.append(f"Signed-By: {self.signed_by}")
        if self.trusted:
            lines.append("Trusted: yes")
        return "\n".join(lines) + "\n"


def of_host(apt: Path = APT) -> tuple[Source, ...]:
    """Return all sources that the host's apt reads."""
    found: list[Source] = []
    for file in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]:
        if not file.is_file():
            continue
        if file.suffix == ".sources":
            found += parse_stanzas(file.read_text())
        elif file.suffix == ".list":
            found += parse_lines(file.read_text())
    return tuple(found)


_REACH = ("Check-Valid-Until", "Check-Date", "Retries", "ForceIPv4", "ForceIPv6", "http", "https")


def settings(dump: str) -> str:
    """Return those of apt's settings (as `apt-config dump` prints them) that decide how an archive is reached."""
    wanted = re.compile(rf"Acquire::(?:{'|'.join(_REACH)})(?:::\S+)? \".+\";$")
    return "".join(f"{line}\n" for line in dump.splitlines() if wanted.match(line))


_RELEASES = ("bookworm", "trixie", "forky", "testing", "sid", "unstable")
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
"""Has the keys of several releases, and is there in each of them."""


def for_suite(sources: tuple[Source, ...], suite: str) -> tuple[Source, ...]:
    """Return the sources of one release of the distribution, the release itself first.

    A host of another release has them at the same place: Debian's archives hold all that are supported. Other archives
    that the host may use (vendors', backports) are none of the machine's business.
    """
    kept = _of(sources, suite, suite) or next(filter(None, (_of(sources, release, suite) for release in _RELEASES)), ())
    if not kept:
        raise LabError(
            f"No package source of Debian {suite} is configured under {APT}; the lab's machines are built from it: "
            "add one (with its debian-archive-keyring) and try again."
        )
    return kept


def _of(sources: tuple[Source, ...], there: str, suite: str) -> tuple[Source, ...]:
    """Return those of the release that is `there` as the suite's; none if the release itself is not among them."""
    wanted = {f"{there}{part}": f"{suite}{part}" for part in ("", "-updates", "-security")}
    kept = []
    for source in sources:
        suites = tuple(wanted[name] for name in source.suites if name in wanted)
        if suites and "main" in source.components:
            signed_by = source.signed_by if there == suite or not source.signed_by else _KEYRING
            kept.append(Source(source.uri, suites, ("main",), signed_by, source.trusted))
    kept.sort(key=lambda source: suite not in source.suites)
    return tuple(kept) if kept and suite in kept[0].suites else ()


def parse_stanzas(text: str) -> list[Source]:
    """Return the sources of a deb822 file."""
    found: list[Source] = []
    for block in re.split(r"\n\s*\n", text):
        fields = dict(_fields(block))
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes") == "no":
            continue
        found += [
            Source(uri, tuple(fields["suites"].split()), tuple(fields.get("components", "").split()), *_trust(fields))
            for uri in fields["uris"].split()
        ]
    return found


def _fields(block: str) -> Iterator[tuple[str, str]]:
    name, value = "", ""
    for line in block.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line[0].isspace():
            value += "\n" + line
            continue
        if name:
            yield name, value.strip("\n")
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
    if name:
        yield name, value.strip("\n")


def _trust(fields: Mapping[str, str]) -> tuple[str, bool]:
    signed_by = fields.get("signed-by", "")
    # A key may stand in the file itself; only the distribution's own keyring exists in a machine.
    path = signed_by if signed_by.startswith("/usr/share/keyrings/debian-") else ""
    return path, fields.get("trusted", "no") == "yes"


def parse_lines(text: str) -> list[Source]:
    """Return the sources of a one-line-style file."""
    found = []
    for line in text.splitlines():
        matched = re.match(r"\s*deb\s+(?:\[(?P<options>[^]]*)\]\s*)?(?P<rest>[^#]+)", line)
        if not matched:
            continue
        options = dict(part.split("=", 1) for part in shlex.split(matched["options"] or "") if "=" in part)
        uri, suite, *components = matched["rest"].split()
        found.append(Source(uri, (suite,), tuple(components), *_trust(options)))
    return found
