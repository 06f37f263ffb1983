# SPDX-License-Identifier: GPL-3.0-or-later
"""An object lock's default retention has days or years, and tells the one that was set.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_DefaultRetention.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.s3.responses import S3Response

from lab.api.moto.extension import replaces


def extend() -> None:
    """Leave the other one out."""

    @replaces(S3Response, "get_object_lock_configuration")
    def get_object_lock_configuration(_original: Callable[..., Any], self: Any) -> Any:
        enabled, mode, days, years = self.backend.get_object_lock_configuration(self.bucket_name)
        config: dict[str, Any] = {"ObjectLockEnabled": "Enabled" if enabled else "Disabled"}
        if mode:
            config["Rule"] = {"DefaultRetention": {"Mode": mode, **({"Days": days} if days else {"Years": years})}}
        self.data["Action"] = "GetObjectLockConfiguration"
        return self.serialized(ActionResult({"ObjectLockConfiguration": config}))
