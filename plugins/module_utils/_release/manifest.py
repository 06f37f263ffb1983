# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The manifest of a release: every file, empty folder and link, and the packs in which the files' contents lie.

    <prefix>current.json                 which release is to be served; written last
    <prefix>releases/<id>.json.gz        manifests, never changed
    <prefix>packs/<id>.tar.gz            contents of small files, named by their SHA-256; never changed
    <prefix>files/<SHA-256>              the content of a large file; never changed

A pack is an ordinary tar archive. As its members' sizes are in the manifest, so are their places.
"""

from __future__ import annotations

import datetime
import gzip
import hashlib
import json
import re
import typing as t

from .paths import DamagedError, ReleaseError, below, is_plain, leads_out, parents

FORMAT = 1
_BLOCK = 512
"""What tar rounds to (POSIX.1-2017, pax, "ustar Interchange Format")."""
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}\Z")


class File(t.NamedTuple):
    """A file; of its mode only the executable bit counts."""

    path: str
    sha256: str
    size: int
    executable: bool


class Link(t.NamedTuple):
    """A symbolic link with a relative target inside the tree."""

    path: str
    target: str


class Tree(t.NamedTuple):
    """What a release consists of; all paths are relative, with slashes, sorted."""

    files: tuple[File, ...] = ()
    folders: tuple[str, ...] = ()
    """The empty ones; the others follow from what is in them."""
    links: tuple[Link, ...] = ()
    shared: tuple[str, ...] = ()
    """What the site writes. Files below are what a new share is filled with."""

    @property
    def digest(self) -> str:
        """Return the fingerprint of all of it."""
        return hashlib.sha256(_json(_tree_as_lists(self))).hexdigest()

    def is_shared(self, path: str) -> bool:
        """Tell whether a path is a shared one or below one."""
        return any(below(path, folder) for folder in self.shared)

    def has(self, path: str) -> bool:
        """Tell whether something is at a path; what lies behind a link or is shared is taken to be there."""
        named = (*(file.path for file in self.files), *self.folders)
        pointed = (*(link.path for link in self.links), *self.shared)
        return any(below(one, path) for one in (*named, *pointed)) or any(below(path, one) for one in pointed)


class Blob(t.NamedTuple):
    """The content of a file."""

    sha256: str
    size: int


class Pack(t.NamedTuple):
    """An archive of contents; the same contents in the same order are the same pack."""

    blobs: tuple[Blob, ...]

    @property
    def id(self) -> str:
        """Return the pack's name."""
        return hashlib.sha256("".join(f"{blob.sha256}\n" for blob in self.blobs).encode()).hexdigest()

    @property
    def content_bytes(self) -> int:
        """Return the bytes of all contents together."""
        return sum(blob.size for blob in self.blobs)

    @property
    def unpacked_bytes(self) -> int:
        """Return the bytes of the archive before compression, but for what pads its end."""
        return sum(_BLOCK + _padded(blob.size) for blob in self.blobs)

    def offsets(self) -> t.Iterator[tuple[Blob, int]]:
        """Return where each content begins in the archive."""
        position = 0
        for blob in self.blobs:
            yield blob, position + _BLOCK
            position += _BLOCK + _padded(blob.size)


class Origin(t.NamedTuple):
    """Where a release comes from, as far as that is known."""

    author: str = ""
    """Who has written it: the commit's author, or else who has uploaded it."""
    commit: str = ""
    """The commit of the folder, with a `+` if the folder differed from it; nothing if it is in no repository."""


class Manifest(t.NamedTuple):
    """A release in the bucket."""

    release: str
    tree: Tree
    packs: tuple[Pack, ...]
    signature: str = ""
    """Of all the rest, in Base64 (`signature`); nothing if nobody has signed it."""
    origin: Origin = Origin()

    def keys(self) -> set[str]:
        """Return the keys, without the prefix, of the objects that the release needs."""
        packed = {blob.sha256 for pack in self.packs for blob in pack.blobs}
        large = {file_key(file.sha256) for file in self.tree.files if file.sha256 not in packed}
        return {manifest_key(self.release), *large, *(pack_key(pack.id) for pack in self.packs)}


class Pointer(t.NamedTuple):
    """Which release is to be served."""

    release: str
    digest: str


POINTER_KEY = "current.json"


def manifest_key(release: str) -> str:
    """Return the key of a release's manifest, without the prefix."""
    return f"releases/{release}.json.gz"


def pack_key(pack: str) -> str:
    """Return the key of a pack, without the prefix."""
    return f"packs/{pack}.tar.gz"


def file_key(sha256: str) -> str:
    """Return the key of a large file's content, without the prefix."""
    return f"files/{sha256}"


def release_of_key(key: str) -> str | None:
    """Return the release whose manifest has this key, or None."""
    name = key[len("releases/") : -len(".json.gz")]
    return name if key == manifest_key(name) and _ID.match(name) else None


def release_id(tree: Tree, moment: str, last: str | None) -> str:
    """Return the id of a new release: later than the last one, whatever this clock says, so that ids sort by time."""
    digest = tree.digest[:12]
    return f"{moment if last is None or moment > last[:16] else _after(last[:16])}-{digest}"


def is_id(release: str) -> bool:
    """Tell whether a text is an id that another one can follow."""
    try:
        return _ID.match(release) is not None and bool(_after(release[:16]))
    except (ValueError, OverflowError):
        return False


def _after(moment: str) -> str:
    """Return the second after a moment such as 20270131T120000Z."""
    read = datetime.datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    return (read + datetime.timedelta(seconds=1)).strftime("%Y%m%dT%H%M%SZ")


# ---- as bytes


def encode(manifest: Manifest) -> bytes:
    """Return a manifest as text: the same one always the same way."""
    signed = {"signature": manifest.signature} if manifest.signature else {}
    return _json({**_described(manifest), **signed})


def what_is_signed(manifest: Manifest) -> bytes:
    """Return the text that a manifest's signature is of: all of it, and so the content of every file by its SHA-256."""
    return _json(_described(manifest))


def _described(manifest: Manifest) -> dict[str, t.Any]:
    packs = [[[blob.sha256, blob.size] for blob in pack.blobs] for pack in manifest.packs]
    origin = {"origin": manifest.origin._asdict()} if any(manifest.origin) else {}
    tree = _tree_as_lists(manifest.tree)
    return {"format": FORMAT, "release": manifest.release, "tree": tree, "packs": packs, **origin}


def decode(text: bytes) -> Manifest:
    """Return the manifest that a text is; refuse one that could write where it must not."""
    found = _read(text, "manifest")
    try:
        tree = found["tree"]
        manifest = Manifest(
            str(found["release"]),
            Tree(
                tuple(File(str(path), str(sha), int(size), bool(mode)) for path, sha, size, mode in tree["files"]),
                tuple(str(path) for path in tree["folders"]),
                tuple(Link(str(path), str(target)) for path, target in tree["links"]),
                tuple(str(path) for path in tree["shared"]),
            ),
            tuple(Pack(tuple(Blob(str(sha), int(size)) for sha, size in blobs)) for blobs in found["packs"]),
            str(found.get("signature") or ""),
            Origin(**{key: str(value) for key, value in (found.get("origin") or {}).items() if key in Origin._fields}),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DamagedError("The manifest in the bucket is damaged; upload the site's files again.") from error
    check(manifest)
    return manifest


def compress(text: bytes) -> bytes:
    """Compress so that the same text always gives the same bytes."""
    return gzip.compress(text, 6, mtime=0)


def encode_pointer(pointer: Pointer) -> bytes:
    """Return a pointer as text."""
    return _json({"format": FORMAT, "release": pointer.release, "digest": pointer.digest})


def decode_pointer(text: bytes) -> Pointer:
    """Return the pointer that a text is."""
    found = _read(text, "pointer")
    release = str(found.get("release"))
    if not is_id(release):
        raise DamagedError(f"The bucket names {release!r} as the current release; upload the site's files again.")
    return Pointer(release, str(found.get("digest")))


def _read(text: bytes, what: str) -> dict[str, t.Any]:
    try:
        found = json.loads(text)
        number = found["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"The {what} in the bucket cannot be read; upload the site's files again.") from error
    if number != FORMAT:
        raise ReleaseError(
            f"The {what} in the bucket has format {number}, this version of hasite.aws knows {FORMAT}; "
            "use the version that has uploaded it, or a newer one."
        )
    return t.cast("dict[str, t.Any]", found)


def _json(value: t.Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _tree_as_lists(tree: Tree) -> dict[str, t.Any]:
    return {"files": tree.files, "folders": tree.folders, "links": tree.links, "shared": tree.shared}


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


# ---- safety


def check(manifest: Manifest) -> None:
    """Refuse a manifest that would write outside of its release, or twice to one place."""
    if not is_id(manifest.release):
        raise ReleaseError(f"{manifest.release!r} is no id of a release; upload the site's files again.")
    check_tree(manifest.tree)
    packed = {blob.sha256: blob.size for pack in manifest.packs for blob in pack.blobs}
    for file in manifest.tree.files:
        if not _SHA256.match(file.sha256) or file.size < 0 or packed.get(file.sha256, file.size) != file.size:
            raise ReleaseError(f"The manifest is wrong about the content of {file.path!r}; upload the files again.")


def check_tree(tree: Tree) -> None:
    """Refuse paths that leave the tree or meet each other."""
    leaves = [*(file.path for file in tree.files), *tree.folders, *(link.path for link in tree.links)]
    try:
        "".join((*leaves, *tree.shared, *(link.target for link in tree.links))).encode()
    except UnicodeEncodeError as error:
        raise ReleaseError("The manifest names a path that is no text; upload the site's files again.") from error
    taken = set(leaves)
    if len(taken) != len(leaves):
        raise ReleaseError("The manifest names a path twice; upload the site's files again.")
    seen: set[str] = set()
    for path in (*leaves, *tree.shared):
        folder, slash, name = path.rpartition("/")
        if not is_plain(name) or (slash and folder not in seen and not is_plain(folder)):
            raise ReleaseError(f"{path!r} cannot be a path of a release; give it a plain relative name.")
        if folder in seen:
            continue
        seen.add(folder)
        for parent in parents(path):
            if parent in taken:
                raise ReleaseError(f"{parent!r} cannot hold {path!r}; rename one of them.")
    for link in tree.links:
        if leads_out(link.path, link.target) or "\0" in link.target or not link.target:
            raise ReleaseError(f"The link {link.path!r} leads out of the release; remove it.")
