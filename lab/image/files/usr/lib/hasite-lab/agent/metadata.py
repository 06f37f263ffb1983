# SPDX-License-Identifier: GPL-3.0-or-later
"""Who this machine is and what it may do, from the instance metadata service (version 2)."""

from __future__ import annotations

import datetime
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from .signing import Credentials

URL = "http://169.254.169.254"
_EARLY = datetime.timedelta(minutes=5)
"""Credentials are renewed this long before they end."""


class UnavailableError(Exception):
    """The metadata service does not answer, or has no role for this machine."""


@dataclass
class Metadata:
    """Asks the metadata service, and keeps what does not change."""

    url: str = URL
    _known: dict[str, str] = field(default_factory=dict)
    _credentials: Credentials | None = None

    @property
    def instance(self) -> str:
        """Return the machine's instance id."""
        return self._fact("meta-data/instance-id")

    @property
    def region(self) -> str:
        """Return the machine's region."""
        return self._fact("meta-data/placement/region")

    def credentials(self) -> Credentials:
        """Return the credentials of the machine's role."""
        kept = self._credentials
        if kept is None or kept.expiration - _EARLY < datetime.datetime.now(datetime.UTC):
            kept = self._credentials = self._ask_credentials()
        return kept

    def forget(self) -> None:
        """Ask for new credentials next time: the service has refused these."""
        self._credentials = None

    def _ask_credentials(self) -> Credentials:
        folder = "meta-data/iam/security-credentials/"
        role = self._ask(folder).split()
        if not role:
            raise UnavailableError("The machine has no instance profile.")
        answer = json.loads(self._ask(folder + role[0]))
        if answer.get("Code") != "Success":
            raise UnavailableError(
                f"The metadata service has no credentials for the role {role[0]}: {answer.get('Code')}."
            )
        return Credentials(
            answer["AccessKeyId"],
            answer["SecretAccessKey"],
            answer["Token"],
            datetime.datetime.fromisoformat(answer["Expiration"].replace("Z", "+00:00")),
        )

    def _fact(self, path: str) -> str:
        if path not in self._known:
            self._known[path] = self._ask(path).strip()
        return self._known[path]

    def _ask(self, path: str) -> str:
        ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
        token = self._call("PUT", "api/token", ttl)
        return self._call("GET", path, {"X-aws-ec2-metadata-token": token})

    def _call(self, method: str, path: str, headers: dict[str, str]) -> str:
        url = f"{self.url}/latest/{path}"
        request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310 - http, by design
        # The metadata service is never asked through a proxy.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=5) as answer:
                return bytes(answer.read()).decode()
        except urllib.error.HTTPError as error:
            if error.code == 404 and "security-credentials" in path:
                raise UnavailableError("The machine has no instance profile.") from error
            raise UnavailableError(f"The metadata service answers {error.code} to {path}.") from error
        except OSError as error:
            raise UnavailableError(f"The metadata service does not answer: {error}.") from error
