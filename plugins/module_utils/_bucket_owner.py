# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Buckets of the expected account only: a bucket's name is anybody's once the bucket is gone."""

from __future__ import annotations

import typing as t


def expect_owner(client: t.Any, account: str | None) -> t.Any:
    """Have S3 refuse every call of a client whose bucket is not the account's; without an account, none.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    """

    def add(params: dict[str, t.Any], model: t.Any, **_: t.Any) -> dict[str, t.Any]:
        takes = model.input_shape is not None and "ExpectedBucketOwner" in model.input_shape.members
        return {"ExpectedBucketOwner": account, **params} if takes else params

    if account:
        client.meta.events.register("provide-client-params.s3", add)
    return client
