# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Clients for many services from one session.

`AnsibleAWSModule.client` makes a session for every client, and each session reads the SDK's data again. With the dozen
services of a site that would be most of the module's time.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import typing as t
from collections.abc import Callable

from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info

with contextlib.suppress(ImportError):  # AnsibleAWSModule tells the user
    import boto3
    from botocore.exceptions import BotoCoreError


def client_maker(module: t.Any) -> Callable[[str, str], t.Any]:
    """Return what gives the client of a service in a region, each made once, with the module's connection options."""
    _, endpoint_url, arguments = get_aws_connection_info(module)
    # Clients may be shared by threads, but a session makes them one at a time.
    making = threading.Lock()
    config = arguments.pop("aws_config", None)
    try:
        session = boto3.session.Session(profile_name=arguments.pop("profile_name", None))
    except BotoCoreError as error:
        module.fail_json_aws(error, msg="Failed to connect to AWS")

    @functools.cache
    def make(service: str, region: str) -> t.Any:
        return session.client(service, region_name=region, endpoint_url=endpoint_url, config=config, **arguments)

    def client(service: str, region: str) -> t.Any:
        with making:
            return make(service, region)

    return client
