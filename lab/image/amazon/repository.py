# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the repository of RPMs in a root file system, out of Debian's packages that it fetches there."""

from __future__ import annotations

import glob
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lab.base.errors import LabError
from lab.image.amazon import catalogue
from lab.image.amazon.packages import Rpm, advisories, spec

TREE = Path(__file__).with_name("tree")
MIRROR = "var/lib/hasite-lab/al2023/core"
"""Where the repository lies on a machine, below its root."""
_WORK = "var/tmp/hasite-lab"
_SKIPPED = ("psmisc", "sensible-utils", "ucf", "php-common", "php-apcu", "php-igbinary", "php-redis", "apache2")
"""What Debian's packages need of Debian alone, or what is only a name for another one."""
_NOT_KEPT = re.compile(
    r"usr/share/(doc|man|lintian|bug|locale|doc-base|apport|info)/|etc/(init\.d|cron|default|logrotate)"
)
_RELOCATED = {
    **{f"/etc/php/{catalogue.DEBIAN_PHP}/{of}/conf.d": "/etc/php.d" for of in ("fpm", "cli")},
    **{f"/etc/php/{catalogue.DEBIAN_PHP}/{of}": "/etc" for of in ("fpm", "cli")},
    "%s/php/%d.%d/fpm/php-fpm.conf": "%s/php-fpm.conf",
}
"""Paths that Debian's programs have built in, and Amazon Linux's."""


@dataclass(frozen=True)
class Deb:
    """One unpacked package of Debian's."""

    name: str
    version: str
    needs: tuple[str, ...]
    folder: Path


def build(root: Path) -> None:
    """Build all packages of the catalogue and install those that Amazon's image has."""
    work = root / _WORK
    debs = {deb.name: deb for deb in _fetched(root, work)}
    named = [_with_libraries(rpm, debs) for rpm in (*catalogue.installed(), *catalogue.available())]
    taken = {name for rpm in named for name in rpm.debian}
    libraries = [deb for deb in debs.values() if deb.name not in taken]
    rpms = [*named, *(_library(deb, debs) for deb in libraries)]
    stage = StagingTree(work / "stage", debs)
    listed = {rpm.name: stage.add(rpm) for rpm in named}
    listed |= {deb.name: stage.add_library(deb) for deb in libraries}
    (work / "amazon.spec").write_text(spec(rpms, listed) + f"%install\ncp -a /{_WORK}/stage/. %{{buildroot}}\n")
    (work / "updates.spec").write_text(spec(catalogue.updates(), {}))
    for name in ("amazon", "updates"):
        folders = ("--define", f"_topdir /{_WORK}", "--define", f"_rpmdir /{_WORK}/{name}")
        _run(root, "rpmbuild", "-bb", "--quiet", *folders, f"/{_WORK}/{name}.spec")
    _publish(root, work)
    names = [rpm.name for rpm in catalogue.installed()]
    _run(root, "dnf", "--quiet", "--assumeyes", f"--releasever={catalogue.RELEASES[0]}", "install", *names)
    shutil.rmtree(work)


def upgrade(root: Path) -> None:
    """Install what the latest release has besides; its mirror is in the root."""
    _run(root, "dnf", "--quiet", "--assumeyes", f"--releasever={catalogue.RELEASES[1]}", "upgrade")


def _run(root: Path, *command: str) -> str:
    words = ["chroot", str(root), "env", "LC_ALL=C", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", *command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        said = " / ".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise LabError(f"{command[0]} failed while it made the image of Amazon Linux's kind: {said}.")
    return done.stdout


def _fetched(root: Path, work: Path) -> Iterator[Deb]:
    """Yield the catalogue's packages of Debian and what they need, unpacked."""
    wanted = {name for rpm in catalogue.available() for name in rpm.debian}
    _run(root, "apt-get", "-qq", "update")
    _run(
        root,
        "apt-get",
        "-qq",
        "-y",
        "--no-install-recommends",
        "--download-only",
        "--reinstall",
        "install",
        *sorted(wanted),
    )
    for file in sorted((root / "var/cache/apt/archives").glob("*.deb")):
        name = file.name.partition("_")[0]
        if name in _SKIPPED and name not in wanted:
            continue
        folder = work / "debs" / name
        folder.mkdir(parents=True)
        subprocess.run(["dpkg-deb", "--extract", str(file), str(folder)], check=True, capture_output=True)
        version = re.sub(r"^\d+:|-[^-]*$", "", _field(file, "Version"))
        yield Deb(name, version.replace("-", "."), tuple(_names(_field(file, "Depends"))), folder)
        file.unlink()


def _field(file: Path, name: str) -> str:
    return subprocess.run(
        ["dpkg-deb", "--field", str(file), name], capture_output=True, text=True, check=True
    ).stdout.strip()


def _names(depends: str) -> Iterator[str]:
    for dependency in depends.split(","):
        if name := re.match(r"\s*([a-z0-9.+-]+)", dependency):
            yield name[1]


def _with_libraries(rpm: Rpm, debs: Mapping[str, Deb]) -> Rpm:
    """Return a package that also requires the libraries of what it takes."""
    known = {name for other in catalogue.available() for name in other.debian}
    needed = {need for name in rpm.debian for need in debs[name].needs if need in debs and need not in known}
    return replace(rpm, requires=(*rpm.requires, *sorted(needed)))


def _library(deb: Deb, debs: Mapping[str, Deb]) -> Rpm:
    """Return a package of Debian's as it is, but for its name's ending."""
    return Rpm(
        deb.name, deb.version, requires=tuple(need for need in deb.needs if need in debs), after="/sbin/ldconfig"
    )


class StagingTree:
    """The tree that all packages share."""

    def __init__(self, folder: Path, debs: Mapping[str, Deb]) -> None:
        """Begin with nothing in it."""
        self._folder = folder
        self._debs = debs
        folder.mkdir(parents=True)

    def add(self, rpm: Rpm) -> list[str]:
        """Put a package's files there and return their paths."""
        paths: list[str] = []
        for take in rpm.takes:
            source = self._debs[take.package].folder
            found = glob.glob(str(source / take.path))  # noqa: PTH207  the pattern is a path's end
            if not found:
                raise LabError(
                    f"Debian's package {take.package} has no {take.path}; the recipe {__file__} is older than it."
                )
            for path in found:
                paths += self._put(Path(path), take.to + Path(path).name if take.to.endswith("/") else take.to)
        own = TREE / (rpm.tree or rpm.name)
        if own.is_dir():
            paths += self._put(own, "")
        for path, text in rpm.files.items():
            target = self._target(path)
            target.write_text(text)
            paths.append(path)
        for path, to in rpm.links.items():
            target = self._target(path)
            if not target.is_symlink():
                target.symlink_to(to)
            paths.append(path)
        for path in rpm.folders:
            (self._folder / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        return [*dict.fromkeys(paths), *rpm.folders]

    def add_library(self, deb: Deb) -> list[str]:
        """Put all of a package of Debian's there, but for its documents."""
        return self._put(deb.folder, "")

    def _target(self, path: str) -> Path:
        target = self._folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _put(self, source: Path, to: str) -> list[str]:
        files = (
            [source]
            if not source.is_dir()
            else [file for file in source.rglob("*") if file.is_symlink() or file.is_file()]
        )
        return list(self._copied(source, files, to.lstrip("/")))

    def _copied(self, source: Path, files: Iterable[Path], to: str) -> Iterator[str]:
        for file in files:
            # The distribution's own folders at the root are links into /usr.
            path = re.sub(
                r"^(lib|bin|sbin)/", r"usr/\1/", str(Path(to) / file.relative_to(source)) if file != source else to
            )
            if _NOT_KEPT.match(path):
                continue
            target = self._target(path)
            if not target.is_symlink() and not target.exists():
                shutil.copy2(file, target, follow_symlinks=False)
                _relocate(target)
            yield f"/{path}"


def _relocate(file: Path) -> None:
    """Have a program look for its settings elsewhere: a shorter path and null bytes instead of the one built in."""
    if file.is_symlink() or file.parent.name not in ("bin", "sbin"):
        return
    before = after = file.read_bytes()
    for old, new in _RELOCATED.items():
        word = old.encode() + b"\0"
        after = after.replace(word, new.encode().ljust(len(word), b"\0"))
    if after != before:
        file.write_bytes(after)


def _publish(root: Path, work: Path) -> None:
    """Lay the packages out as Amazon's mirrors do: a release is a list of one address."""
    first, latest = catalogue.RELEASES
    fixed = {rpm.name: rpm for rpm in catalogue.updates()}
    (work / "updateinfo.xml").write_text(
        advisories({advisory: fixed[name] for advisory, name in catalogue.ADVISORIES.items()})
    )
    for release, built in ((first, ("amazon",)), (latest, ("amazon", "updates"))):
        packages = root / MIRROR / "guids" / release / "x86_64"
        packages.mkdir(parents=True)
        for file in (file for name in built for file in (work / name).rglob("*.rpm")):
            (packages / file.name).hardlink_to(file)
        here = f"/{packages.relative_to(root)}"
        _run(root, "createrepo_c", "--quiet", here)
        if release == latest:
            _run(root, "modifyrepo_c", f"/{_WORK}/updateinfo.xml", f"{here}/repodata")
    for name, release in ((first, first), (latest, latest), ("latest", latest)):
        mirror = root / MIRROR / "mirrors" / name / "x86_64"
        mirror.mkdir(parents=True)
        (mirror / "mirror.list").write_text(f"file:///{MIRROR}/guids/{release}/x86_64/\n")
