# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Which contents go into which packs, and what the bucket no longer needs, without any I/O."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from .._release.manifest import Blob, File, Manifest, Pack, is_id, manifest_key, release_of_key

LARGE_BYTES = 1 << 20
"""From this size on, a file is an object of its own: a request then costs little beside the bytes."""
PACK_BYTES = 8 << 20
"""How much content a pack holds: several of them are packed, sent and unpacked at once, each in memory."""
MOST_PACKS = 40
"""Small releases leave small packs; above so many, the small ones are packed anew."""
GRACE = timedelta(days=1)
"""How long an object stays that no manifest names: another upload may be about to name it."""


class Plan(t.NamedTuple):
    """How the contents of a release lie in the bucket."""

    packs: tuple[Pack, ...]
    """All that the release needs."""
    new: tuple[Pack, ...]
    """Those that no manifest names yet."""
    large: tuple[str, ...]
    """The SHA-256 of the files that are objects of their own."""


def plan(files: Iterable[File], known: Iterable[Pack]) -> Plan:
    """Use the packs that are there as far as they are worth it, and pack the rest, in the order of the files."""
    wanted: dict[str, int] = {file.sha256: file.size for file in files}
    small = {sha256: size for sha256, size in wanted.items() if size < LARGE_BYTES}
    reused = _worth_keeping(small, known)
    covered = {blob.sha256 for pack in reused for blob in pack.blobs}
    new = tuple(_packed(Blob(sha256, size) for sha256, size in small.items() if sha256 not in covered))
    large = tuple(sorted(sha256 for sha256, size in wanted.items() if size >= LARGE_BYTES and sha256 not in covered))
    return Plan((*reused, *new), new, large)


def _worth_keeping(small: Mapping[str, int], known: Iterable[Pack]) -> list[Pack]:
    """Return the packs of which the release still needs at least half, the most useful first."""

    def live(pack: Pack, among: Collection[str]) -> int:
        return sum(blob.size for blob in pack.blobs if blob.sha256 in among)

    missing = dict(small)
    reused = []
    for pack in sorted(set(known), key=lambda pack: (-live(pack, small), pack.id)):
        use = [blob.sha256 for blob in pack.blobs if blob.sha256 in missing]
        if use and 2 * live(pack, missing) >= pack.content_bytes:
            reused.append(pack)
            for sha256 in use:
                del missing[sha256]
    if len(reused) > MOST_PACKS:
        reused = [pack for pack in reused if pack.content_bytes >= PACK_BYTES // 2]
    return reused


def _packed(blobs: Iterable[Blob]) -> Iterable[Pack]:
    taken: list[Blob] = []
    size = 0
    for blob in blobs:
        if taken and size + blob.size > PACK_BYTES:
            yield Pack(tuple(taken))
            taken, size = [], 0
        taken.append(blob)
        size += blob.size
    if taken:
        yield Pack(tuple(taken))


def newest_release(keys: Iterable[str], named: str | None) -> str | None:
    """Return the newest release of the bucket, also where it no longer names one; None if it has none."""
    there = (release_of_key(key) for key in keys)
    return max((release for release in (named, *there) if release and is_id(release)), default=None)


def kept_releases(keys: Iterable[str], current: str, keep: int) -> list[str]:
    """Return the releases whose manifests stay, newest first: the last ones, and the one that is to be served."""
    found = sorted({name for key in keys if (name := release_of_key(key))} | {current}, reverse=True)
    return [release for number, release in enumerate(found) if number < keep or release == current]


def surplus(objects: Mapping[str, datetime], kept: Iterable[Manifest], now: datetime) -> list[str]:
    """Return the keys to delete: manifests that are not kept, and old contents that no kept manifest names."""
    manifests = list(kept)
    needed = {key for manifest in manifests for key in manifest.keys()}  # noqa: SIM118 - no mapping
    stay = {manifest_key(manifest.release) for manifest in manifests}
    return sorted(
        key
        for key, modified in objects.items()
        if key not in needed
        and ((release_of_key(key) and key not in stay) or (_is_content(key) and now - modified > GRACE))
    )


def _is_content(key: str) -> bool:
    return key.startswith(("packs/", "files/"))
