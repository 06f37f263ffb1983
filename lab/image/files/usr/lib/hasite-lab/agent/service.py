# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls to AWS that an agent makes: signed with the machine's role, over TLS the machine trusts."""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
import re
import ssl
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import Any

from . import websocket
from .metadata import Metadata
from .signing import sign

_TIMEOUT = 10.0


class ServiceRefusedError(Exception):
    """AWS has answered, and the answer is no."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class UnreachableError(Exception):
    """AWS did not answer."""


@dataclass
class Service:
    """The endpoints of the machine's region; others may be given, for tests."""

    metadata: Metadata
    ssm: str = ""
    messages: str = ""
    kms: str = ""
    log_endpoint: str = ""
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    """Trusts what the machine trusts."""

    async def update_instance_information(self, information: dict[str, Any]) -> None:
        """Register, and tell that this agent lives.

        https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateInstanceInformation.html
        """
        await asyncio.to_thread(self._call_ssm, "UpdateInstanceInformation", information)

    async def token(self, channel: str, **more: str) -> str:
        """Return the token that opens a channel: `control-channel/<instance>` or `data-channel/<session>`."""
        return await asyncio.to_thread(self._ask_token, channel, more)

    async def open(self, channel: str, query: str) -> websocket.WebSocket:
        """Open a channel's websocket."""
        url = f"{await asyncio.to_thread(self._messages_url)}/v1/{channel}?{query}"
        headers = await asyncio.to_thread(self._signed, "ssmmessages", "GET", url, b"", {})
        return await asyncio.wait_for(websocket.connect(re.sub("^http", "ws", url), headers, self.tls), _TIMEOUT)

    async def decrypt(self, key_id: str, encrypted: bytes, context: dict[str, str]) -> bytes:
        """Return what KMS decrypts.

        https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
        """
        blob = base64.b64encode(encrypted).decode()
        parameters = {"KeyId": key_id, "CiphertextBlob": blob, "EncryptionContext": context}
        return await asyncio.to_thread(self._decrypt, parameters)

    async def logs(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Call CloudWatch Logs.

        https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
        """
        url = f"{self.log_endpoint or f'https://logs.{self.metadata.region}.amazonaws.com'}/"
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Logs_20140328.{operation}"}
        answer = await asyncio.to_thread(self._post, "logs", url, parameters, headers)
        found: dict[str, Any] = json.loads(answer or "{}")
        return found

    def _decrypt(self, parameters: dict[str, Any]) -> bytes:
        url = f"{self.kms or f'https://kms.{self.metadata.region}.amazonaws.com'}/"
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.Decrypt"}
        try:
            return base64.b64decode(json.loads(self._post("kms", url, parameters, headers))["Plaintext"])
        except (ValueError, KeyError) as error:
            raise ServiceRefusedError(200, f"KMS's answer holds no key: {error!r}") from error

    def _messages_url(self) -> str:
        return self.messages or f"https://ssmmessages.{self.metadata.region}.amazonaws.com"

    def _call_ssm(self, operation: str, parameters: dict[str, Any]) -> None:
        url = f"{self.ssm or f'https://ssm.{self.metadata.region}.amazonaws.com'}/"
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"AmazonSSM.{operation}"}
        self._post("ssm", url, parameters, headers)

    def _ask_token(self, channel: str, more: dict[str, str]) -> str:
        url = f"{self._messages_url()}/v1/{channel}"
        body = {"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4()), **more}
        answer = self._post("ssmmessages", url, body, {"Content-Type": "application/json"})
        found = re.search(r"<TokenValue>([^<]+)</TokenValue>", answer)
        if not found:
            raise ServiceRefusedError(200, f"The answer to {channel} holds no token.")
        return found[1]

    def _post(self, service: str, url: str, value: dict[str, Any], headers: dict[str, str]) -> str:
        body = json.dumps(value).encode()
        signed = self._signed(service, "POST", url, body, headers)
        request = urllib.request.Request(url, body, signed, method="POST")  # noqa: S310 - the URL is our own
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT, context=self.tls) as answer:  # noqa: S310
                return bytes(answer.read()).decode()
        except urllib.error.HTTPError as error:
            text = error.read(2000).decode(errors="replace")
            if error.code in (400, 403):
                self.metadata.forget()
            raise ServiceRefusedError(error.code, text) from error
        except OSError as error:
            raise UnreachableError(f"{url} is not reachable: {error}.") from error

    def _signed(self, service: str, method: str, url: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
        now = datetime.datetime.now(datetime.UTC)
        credentials = self.metadata.credentials()
        return sign(credentials, self.metadata.region, service, method, url, body, headers, now)
