# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the machines' image, once for each recipe; a build that was killed is begun afresh."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lab.base import container_runtime
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.image import sources
from lab.image.amazon import userland
from lab.image.recipe import AmazonRecipe, Recipe

Say = Callable[[str], None]


def ensure(place: LabPaths, say: Say = print, recipe: Recipe | None = None) -> str:
    """Return the name of an image, built if it is not there yet; the labs share it."""
    recipe = recipe or Recipe()
    if recipe.image in _images():
        return recipe.image
    if recipe.base:
        ensure(place, say, recipe.base())
    with _alone(place.cache, recipe, say):
        if recipe.image not in _images():
            _build(recipe, place.cache / "image.part", say)
    return recipe.image


def _images() -> list[str]:
    return container_runtime.podman("images", "--noheading", "--format", "{{.Repository}}:{{.Tag}}").split()


@contextlib.contextmanager
def _alone(cache: Path, recipe: Recipe, say: Say) -> Iterator[None]:
    """Keep a second build out; the lock ends with the processes that hold it, however they end."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "image.lock").open("w") as file:
        # debootstrap, which may outlive a killed build for a moment, holds it too.
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another lab is building an image; waiting for it ({recipe.usual}).")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(recipe: Recipe, work: Path, say: Say) -> None:
    started = time.monotonic()
    _discard(work)
    root = work / "root"
    root.mkdir(parents=True)
    if recipe.base:
        say(f"Building {recipe.title}: {recipe.usual}, once.")
        _unpack(recipe.base().image, root)
        userland.upgrade(root)
    else:
        _make(recipe, root, say)
    say(f"  {time.monotonic() - started:4.0f} s  handing the image to podman (usually 10 s)")
    _import(root, recipe.image)
    _discard(work)
    _drop_older(recipe.image)
    say(f"  {time.monotonic() - started:4.0f} s  {recipe.title} is ready")


def _make(recipe: Recipe, root: Path, say: Say) -> None:
    """Fill a root file system from the distribution's packages."""
    if not shutil.which("debootstrap"):
        raise LabError(
            "The machines' image is made by debootstrap, which is not installed; install it or run `make setup`."
        )
    chosen = sources.for_suite(sources.of_host(), recipe.suite)
    started = time.monotonic()
    say(f"Building {recipe.title} from Debian {recipe.suite}'s packages: {recipe.usual}, once.")
    _bootstrap(recipe, chosen[0], root, say)
    _finish(recipe, chosen, root)
    if isinstance(recipe, AmazonRecipe):
        say(f"  {time.monotonic() - started:4.0f} s  making packages under Amazon Linux's names (usually 1 minute)")
        userland.convert(root)


def _unpack(image: str, root: Path) -> None:
    """Fill a root file system with what an image has."""
    mounted = container_runtime.podman("image", "mount", image).strip()
    try:
        done = subprocess.run(
            ["cp", "--archive", "--one-file-system", f"{mounted}/.", str(root)],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        container_runtime.podman("image", "unmount", image)
    if done.returncode:
        raise LabError(f"{image} could not be unpacked to {root}: {done.stderr.strip()[-300:]}.")


def _drop_older(image: str) -> None:
    """Remove the images of earlier recipes; podman keeps those that a machine still runs on."""
    repository = image.partition(":")[0]
    for name in _images():
        if name.startswith(f"{repository}:") and name != image:
            container_runtime.podman("rmi", name, check=False)


def _discard(folder: Path) -> None:
    """Remove a build's folder; debootstrap mounts /proc and /sys below it while it works."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)


_STEPS = {
    "I: Retrieving InRelease": "reading the distribution's index",
    "I: Extracting ": "unpacking the base system",
    "I: Unpacking the base system": "installing the base system",
    "I: Configuring the base system": "configuring the packages",
}
"""What debootstrap prints when it comes to a new stage, and what the user is told."""


def _bootstrap(recipe: Recipe, source: sources.Source, root: Path, say: Say) -> None:
    keyring = ["--keyring", source.signed_by] if source.signed_by else []
    unsigned = ["--no-check-gpg"] if source.trusted else []
    _follow(
        [
            "debootstrap", "--variant=minbase", "--merged-usr", *keyring, *unsigned,
            f"--include={','.join(recipe.packages)}", recipe.suite, str(root), source.uri,
        ],
        say,
    )  # fmt: skip


def _follow(command: Sequence[str], say: Say) -> None:
    """Run a long command and tell each stage that it comes to."""
    started = time.monotonic()
    remaining = dict(_STEPS)
    last: list[str] = []
    # Its locale would make perl warn in a chroot that has none, and its proxy settings are wanted.
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        close_fds=False,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = [*last[-4:], line.strip()]
            for start in [start for start in remaining if line.startswith(start)]:
                say(f"  {time.monotonic() - started:4.0f} s  {remaining.pop(start)}")
    if process.returncode:
        raise LabError(f"{command[0]} could not build the machines' image: {' / '.join(last)}.")


def _finish(recipe: Recipe, chosen: Sequence[sources.Source], root: Path) -> None:
    units = root / "etc/systemd/system"
    for unit in recipe.masked:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    (units / "default.target").unlink(missing_ok=True)
    (units / "default.target").symlink_to("/lib/systemd/system/multi-user.target")
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "etc/apt/sources.list.d/debian.sources").write_text("\n".join(source.stanza() for source in chosen))
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    (root / "etc/apt/apt.conf.d/50reach").write_text(sources.settings(dump))
    # Each machine draws its own at its first boot.
    (root / "etc/machine-id").write_text("")
    for folder in ("var/cache/apt/archives", "var/lib/apt/lists"):
        for file in (root / folder).glob("*"):
            if file.is_file() and file.name != "lock":
                file.unlink()
    # An index that was never read is not fresh, though its folder is: Ansible's cache_valid_time looks at its age.
    os.utime(root / "var/lib/apt/lists", (0, 0))


def _import(root: Path, image: str) -> None:
    packed = ["tar", "--create", "--numeric-owner", "--xattrs", "--one-file-system", "--directory", str(root), "."]
    with subprocess.Popen(packed, stdout=subprocess.PIPE) as tar:
        container_runtime.podman("import", "--quiet", "-", image, stdin=tar.stdout, timeout=300)
    if tar.returncode:
        raise LabError(f"The machines' image could not be packed from {root}; is the disk full?")


if __name__ == "__main__":
    ensure(LabPaths())
