# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody does who may write to a site's bucket, and sign nothing: puts a release of their own into it."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

from lab.base.endpoint import require
from lab.base.paths import LabPaths
from lab.commands.operator import operator
from plugins.module_utils._release.manifest import (
    POINTER_KEY,
    Pointer,
    compress,
    decode,
    decode_pointer,
    encode,
    encode_pointer,
    file_key,
    manifest_key,
    release_id,
)

PREFIX = "site/"


def forge(place: LabPaths, bucket: str, session: Any, path: str, content: bytes) -> str:
    """Have the bucket name a release in which a file has this content, with the last one's signature; return its id.

    `session` makes a session of the keys of somebody who may read and write the bucket's objects and do nothing else.
    """
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    rights = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"], "Resource": resources}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
    with operator(place, "intruder", [policy]) as keys:
        s3 = session(keys["access_key"], keys["secret_key"]).client("s3", endpoint_url=require(place).url)

        def read(key: str) -> bytes:
            found: bytes = s3.get_object(Bucket=bucket, Key=PREFIX + key)["Body"].read()
            return found

        def write(key: str, body: bytes) -> None:
            s3.put_object(Bucket=bucket, Key=PREFIX + key, Body=body)

        current = decode(gzip.decompress(read(manifest_key(decode_pointer(read(POINTER_KEY)).release))))
        sha256 = hashlib.sha256(content).hexdigest()
        files = tuple(
            file._replace(sha256=sha256, size=len(content)) if file.path == path else file
            for file in current.tree.files
        )
        tree = current.tree._replace(files=files)
        forged = current._replace(release=release_id(tree, "20270101T000000Z", current.release), tree=tree)
        write(file_key(sha256), content)
        write(manifest_key(forged.release), compress(encode(forged)))
        write(POINTER_KEY, encode_pointer(Pointer(forged.release, tree.digest)))
        return forged.release
