# SPDX-License-Identifier: GPL-3.0-or-later
"""Invalidations: complete once the edge has dropped what they name.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.cloudfront.exceptions import CloudFrontException
from moto.cloudfront.models import CloudFrontBackend, Invalidation

from lab.api.moto.extension import replaces
from lab.context import Context


def extend(context: Context) -> None:
    """Make an invalidation's status tell what the edge has done."""

    class Followed(Invalidation):  # moto is untyped here
        """An invalidation whose status is seen, not said."""

        @property
        def status(self) -> str:
            return "Completed" if self.id in context.observed.invalidated else "InProgress"

        @status.setter
        def status(self, _said: str) -> None:
            """Ignore what moto says."""

    @replaces(CloudFrontBackend, "create_invalidation")
    def create(
        _original: Callable[..., Any], self: Any, dist_id: str, paths: list[str] | None, caller_ref: str
    ) -> Invalidation:
        distribution, _ = self.get_distribution(dist_id)
        listed = self.invalidations.setdefault(dist_id, [])
        for other in listed:
            if other.caller_ref == caller_ref:
                if other.paths == paths:
                    return other
                raise CloudFrontException(
                    "InvalidArgument", "Your request contains a caller reference that was used for other paths."
                )
        if not paths or not all(path.startswith("/") for path in paths):
            raise CloudFrontException(
                "InvalidArgument", "Your request contains one or more invalid invalidation paths."
            )
        made = Followed(distribution, paths, caller_ref)
        listed.append(made)
        context.waits.begin("invalidation", made.id, label=", ".join(paths), withholds=[made.id])
        return made
