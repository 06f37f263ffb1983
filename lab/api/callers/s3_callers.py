# SPDX-License-Identifier: GPL-3.0-or-later
"""Who makes an S3 request, as the checks before it have found out (`lab.api.callers.callers`)."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from lab.base.backends import ACCOUNT
from lab.world.access.bucket_access import Caller
from lab.world.access.permissions import Principal
from lab.world.access.s3_signature import Signed

CALLER = "lab.caller"
"""The key of the WSGI environment by which it is told who asks; nothing outside can set it."""
ROOT = Caller(Principal(arns=(f"arn:aws:iam::{ACCOUNT}:root",), account=ACCOUNT), root=True)

CURRENT: ContextVar[Caller | None] = ContextVar("caller", default=None)
"""Who makes the call that this thread serves; nobody is known while moto is called without the lab's server."""


def caller(environ: Mapping[str, Any]) -> Caller:
    """Return who makes a request; who calls moto in this process, without any server, is the account's root."""
    found: Caller = environ.get(CALLER, ROOT)
    return found


def signed(environ: Mapping[str, Any]) -> Signed:
    """Return the request as it was signed."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    path = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"])
    if not path.startswith("/"):  # a request line in absolute form, as to a proxy
        path = "/" + path.split("://", 1)[-1].partition("/")[2]
    return Signed(environ["REQUEST_METHOD"], path.partition("?")[0], environ.get("QUERY_STRING", ""), headers)
