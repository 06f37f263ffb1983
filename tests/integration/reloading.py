# SPDX-License-Identifier: GPL-3.0-or-later
"""A visitor who reloads a page without a pause over HTTP/1.1, and keeps the connection as long as the server does.

    python reloading.py HOST SECONDS

The report is one line of JSON: for each answer the second, the status, whether the connection was new, and the text.
"""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import time

PATIENCE = 10.0


def reload(host: str, seconds: float, pause: float = 0.5) -> list[tuple[float, int, bool, str]]:
    """Reload until the time is over."""
    began, context = time.monotonic(), ssl.create_default_context()
    connection: http.client.HTTPSConnection | None = None
    seen = []
    while time.monotonic() - began < seconds:
        new = connection is None
        connection = connection or http.client.HTTPSConnection(host, timeout=PATIENCE, context=context)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            seen.append((round(time.monotonic() - began, 1), answer.status, new, text))
            over = answer.will_close
        except (OSError, http.client.HTTPException):
            over = True
        if over:
            connection.close()
            connection = None
        time.sleep(pause)
    return seen


if __name__ == "__main__":
    print(json.dumps(reload(sys.argv[1], float(sys.argv[2]))))
