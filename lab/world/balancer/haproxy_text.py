# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of HAProxy's configuration, and the pages of a load balancer that answers by itself. Pure."""

from __future__ import annotations

import re

SERVER = "hdr Server awselb/2.0"


def quoted(text: str) -> str:
    """Return a text as one word of the configuration, whatever it has in it."""
    escaped = re.sub(r'[\\"$]', lambda found: "\\" + found.group(), text)
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\x{ord(found.group()):02x}", escaped) + '"'


def literal(text: str) -> str:
    """Return a text so that it stays what it is where HAProxy looks for expressions."""
    return text.replace("%", "%%")


def argument(text: str) -> str:
    """Return a text as the argument of a fetch method, where an apostrophe would begin a quotation of its own."""
    return text.replace("'", r"\'")


def page_of(title: str) -> str:
    """Return the body of an answer that the load balancer gives by itself."""
    head, heading = f"<head><title>{title}</title></head>", f"<center><h1>{title}</h1></center>"
    return f"<html>\r\n{head}\r\n<body>\r\n{heading}\r\n</body>\r\n</html>\r\n"


def milliseconds(seconds: float, speed: float) -> str:
    """Return a time of the lab's clock as one of HAProxy's."""
    return f"{max(1, round(seconds * 1000 / speed))}ms"
