# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What has to be made on the share for a release, without any I/O."""

from __future__ import annotations

import typing as t

from .manifest import File, Link, Manifest, Tree
from .paths import below, link_to_shared, parents, seed_target

SEED = "seed"
"""What stands for a shared path in its seed: a folder or a file of this name."""


class Layout(t.NamedTuple):
    """The folders, files and links of one tree on the share, by their paths below its top."""

    levels: tuple[tuple[str, ...], ...]
    """Folders by depth: those of one level can be made at once."""
    files: tuple[File, ...]
    links: tuple[Link, ...]


def release_layout(tree: Tree) -> Layout:
    """Return what a release's folder consists of: shared paths are links."""
    files = tuple(file for file in tree.files if not tree.is_shared(file.path))
    links = [link for link in tree.links if not tree.is_shared(link.path)]
    links += [Link(path, link_to_shared(path)) for path in tree.shared]
    folders = [folder for folder in tree.folders if not tree.is_shared(folder)]
    return Layout(_levels(folders, [*files, *links]), files, tuple(links))


def seed_layout(tree: Tree, shared: str) -> Layout:
    """Return what a shared path is filled with, as the path `seed`; an empty folder if the release does not have it."""

    def moved(path: str) -> str:
        return SEED + path[len(shared) :]

    files = tuple(file._replace(path=moved(file.path)) for file in tree.files if below(file.path, shared))
    links = tuple(
        Link(moved(link.path), seed_target(link.path, link.target, tree.shared))
        for link in tree.links
        if below(link.path, shared)
    )
    folders = [moved(folder) for folder in tree.folders if below(folder, shared)]
    if not files and not links and not folders:
        folders = [SEED]
    return Layout(_levels(folders, [*files, *links]), files, links)


def _levels(folders: t.Iterable[str], leaves: t.Iterable[File | Link]) -> tuple[tuple[str, ...], ...]:
    every = set(folders)
    for path in [*every, *(leaf.path for leaf in leaves)]:
        every.update(parents(path))
    levels: dict[int, list[str]] = {}
    for folder in every:
        levels.setdefault(folder.count("/"), []).append(folder)
    return tuple(tuple(sorted(levels[depth])) for depth in sorted(levels))


def held_paths(files: t.Iterable[File], tree: Tree) -> dict[str, str]:
    """Return, by path, the path at which a release that is there has the same file; the same path if it can be."""
    by_path = {file.path: file for file in tree.files if not tree.is_shared(file.path)}
    by_content = {(file.sha256, file.executable): file.path for file in by_path.values()}
    found = {}
    for file in files:
        same = by_path.get(file.path)
        if same is not None and (same.sha256, same.executable) == (file.sha256, file.executable):
            found[file.path] = file.path
        elif (file.sha256, file.executable) in by_content:
            found[file.path] = by_content[file.sha256, file.executable]
    return found


class Wanted(t.NamedTuple):
    """What has to be fetched: contents by pack, and large ones by themselves; each with the files that have it."""

    packed: dict[str, dict[str, int]]
    """By the pack's id: where each content begins, by its SHA-256."""
    large: tuple[str, ...]


def to_fetch(contents: t.Iterable[str], manifest: Manifest) -> Wanted:
    """Return what has to be fetched for these contents."""
    missing = set(contents)
    packed: dict[str, dict[str, int]] = {}
    for pack in manifest.packs:
        # In the pack's order, which was that of the paths: neighbours in a folder are written one after the other.
        found = {blob.sha256: offset for blob, offset in pack.offsets() if blob.sha256 in missing}
        if found:
            packed[pack.id] = found
            missing -= found.keys()
    return Wanted(packed, tuple(sorted(missing)))
