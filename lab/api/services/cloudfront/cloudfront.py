# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront's API: everything that moto lacks or lets pass.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.cloudfront import urls
from moto.cloudfront.models import CloudFrontBackend
from moto.cloudfront.responses import CloudFrontResponse

from lab.api.moto.extension import replaces
from lab.api.services.cloudfront import (
    access_controls,
    access_identities,
    distributions,
    functions,
    invalidations,
    lookups,
    policies,
)
from lab.context import Context


def extend(context: Context) -> None:
    """Add CloudFront's operations."""
    # moto routes only the paths it knows; with this one an operation that nobody knows is refused as such.
    urls.url_paths["{0}/2020-05-31/(?P<lab_path>.+)$"] = CloudFrontResponse.dispatch

    @replaces(CloudFrontBackend, "__init__")
    def make(original: Callable[..., None], self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.lab_policies = policies.Policies()

    distributions.extend(context)
    access_controls.extend()
    access_identities.extend()
    policies.extend()
    lookups.extend()
    functions.extend()
    invalidations.extend(context)
