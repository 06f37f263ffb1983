# SPDX-License-Identifier: GPL-3.0-or-later
"""What an RPM of the lab's repository is, and the spec file that all of them are built from. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

RELEASE = "1.amzn2023.0.1"


@dataclass(frozen=True)
class Take:
    """Files of one of Debian's packages, and where they lie on Amazon Linux."""

    package: str
    path: str
    """Below its root; may be a pattern."""
    to: str
    """The new path; a folder if it ends with a slash."""


@dataclass(frozen=True)
class Rpm:
    """One package."""

    name: str
    version: str
    takes: tuple[Take, ...] = ()
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    """Small files of its own, path to text."""
    links: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    tree: str = ""
    """Which folder of `tree` has its longer files; the one of its name if empty."""
    before: str = ""
    """What a shell does before it is installed."""
    after: str = ""
    release: str = RELEASE

    @property
    def debian(self) -> tuple[str, ...]:
        """Return the packages of Debian's that it takes files of, each once."""
        return tuple(dict.fromkeys(take.package for take in self.takes))


_HEAD = """\
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global _binary_payload w1.gzdio
Name: hasite-lab-amazon
Version: 1
Release: 1
Summary: The lab's stand-ins for Amazon Linux 2023's packages
License: GPL-3.0-or-later
AutoReqProv: no
%description
Debian's programs under Amazon Linux's names.
"""
_SCRIPTS = (("pre", "before"), ("post", "after"))


def spec(rpms: Iterable[Rpm], files: Mapping[str, Sequence[str]]) -> str:
    """Return the one spec file of all packages; `files` has each one's paths, folders with a slash at their end.

    They share one tree, in which a file may belong to several: packages of two versions of PHP have the same paths.
    """
    return _HEAD + "".join(_package(rpm) + _files(rpm, files.get(rpm.name, ())) for rpm in rpms)


def _package(rpm: Rpm) -> str:
    relations = (("Requires", rpm.requires), ("Provides", rpm.provides), ("Conflicts", rpm.conflicts))
    lines = [
        f"%package -n {rpm.name}",
        f"Version: {rpm.version}",
        f"Release: {rpm.release}",
        f"Summary: {rpm.name}, as the lab has it",
        "AutoReqProv: no",
        *(f"{word}: {value}" for word, all_ in relations for value in all_),
        f"%description -n {rpm.name}",
        "A stand-in.",
    ]
    for section, attribute in _SCRIPTS:
        if script := getattr(rpm, attribute):
            lines += [f"%{section} -n {rpm.name}", script]
    return "\n".join(lines) + "\n"


def _files(rpm: Rpm, paths: Sequence[str]) -> str:
    return "\n".join([f"%files -n {rpm.name}", *(_line(path) for path in sorted(paths))]) + "\n"


def _line(path: str) -> str:
    if path.endswith("/"):
        return f'%dir "{path}"'
    return f'%config(noreplace) "{path}"' if path.startswith("/etc/") else f'"{path}"'


def advisories(packages: Mapping[str, Rpm]) -> str:
    """Return what a repository's updateinfo says: which packages are security updates, by the advisory's name."""
    return "<updates>\n" + "".join(_advisory(name, rpm) for name, rpm in packages.items()) + "</updates>\n"


def _advisory(name: str, rpm: Rpm) -> str:
    package = f'name="{rpm.name}" epoch="0" version="{rpm.version}" release="{rpm.release}" arch="x86_64"'
    return (
        f'<update from="linux-security@amazon.com" status="final" type="security" version="1"><id>{name}</id>'
        f"<title>{rpm.name}</title><severity>important</severity><issued date='2026-10-26 00:00:00'/>"
        f'<pkglist><collection short="amazon-linux"><package {package}>'
        f"<filename>{rpm.name}-{rpm.version}-{rpm.release}.x86_64.rpm</filename></package></collection></pkglist></update>\n"
    )
