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
import ipaddress
import re
import threading
import typing as t
from urllib.parse import urlsplit

from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info

with contextlib.suppress(ImportError):  # AnsibleAWSModule tells the user
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

_ACCOUNT_IN_HOST = re.compile(r"\A(https?://)\d{12}\.")


class ClientMaker(t.Protocol):
    """Gives the client of a service in a region; a quick one gives up after one repetition."""

    def __call__(self, service: str, region: str, quick: bool = False) -> t.Any:
        """Return the client."""


QUICK = {"retries": {"mode": "standard", "total_max_attempts": 2}, "connect_timeout": 4, "read_timeout": 8}


def client_maker(module: t.Any) -> ClientMaker:
    """Return what gives the client of a service in a region, each made once, with the module's connection options."""
    dummy, endpoint_url, arguments = get_aws_connection_info(module)
    # Clients may be shared by threads, but a session makes them one at a time.
    making = threading.Lock()
    config = arguments.pop("aws_config", None)
    try:
        session = boto3.session.Session(profile_name=arguments.pop("profile_name", None))
    except BotoCoreError as error:
        module.fail_json_aws(error, msg="Failed to connect to AWS")

    @functools.cache
    def make(service: str, region: str, quick: bool) -> t.Any:
        settings = (config or Config()).merge(Config(**QUICK)) if quick else config
        made = session.client(service, region_name=region, endpoint_url=endpoint_url, config=settings, **arguments)
        return without_account_in_host(made) if service == "s3control" and is_address(endpoint_url) else made

    def client(service: str, region: str, quick: bool = False) -> t.Any:
        with making:
            return make(service, region, quick)

    return client


def is_address(endpoint_url: str | None) -> bool:
    """Tell whether an endpoint is named by an IP address."""
    try:
        return bool(ipaddress.ip_address(urlsplit(endpoint_url or "").hostname or ""))
    except ValueError:
        return False


def without_account_in_host(client: t.Any) -> t.Any:
    """Return a client of S3's control operations that calls an address as it is.

    The SDK puts the account before the endpoint's host, as AWS has it; below an address there are no names.
    The account is in a header as well: https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html
    """

    def strip(request: t.Any, **_more: t.Any) -> None:
        request.url = _ACCOUNT_IN_HOST.sub(r"\1", request.url)

    client.meta.events.register_first("before-sign.s3-control", strip)
    return client
