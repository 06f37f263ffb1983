# SPDX-License-Identifier: GPL-3.0-or-later
"""A person who uses a DokuWiki: sets it up, logs in, edits a page, uploads a file; cookies are kept as by a browser."""

from __future__ import annotations

import html
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.base.paths import LabPaths
from lab.commands.shell import visitor
from tests.integration.internet import Answer, fetch

USER, PASSWORD = "alice", "correct horse battery"
_HIDDEN = re.compile(r"<input[^>]*>")


def hidden_fields(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's forms."""
    fields = {}
    for field in _HIDDEN.findall(page):
        attributes = {key: html.unescape(value) for key, value in re.findall(r'(\w+)="([^"]*)"', field)}
        if attributes.get("type") == "hidden" and "name" in attributes:
            fields[attributes["name"]] = attributes.get("value", "")
    return fields


@dataclass(frozen=True)
class Person:
    """Somebody with a browser."""

    place: LabPaths
    url: str
    jar: Path

    def get(self, path: str) -> Answer:
        return fetch(self.place, self.url + path, "--cookie", str(self.jar), "--cookie-jar", str(self.jar))

    def post(self, path: str, fields: dict[str, str], *more: str) -> Answer:
        """Send a form; a redirect is the answer."""
        sent = [word for name, value in fields.items() for word in ("--form-string", f"{name}={value}")]
        cookies = ("--cookie", str(self.jar), "--cookie-jar", str(self.jar), "-H", "Expect:")
        return fetch(self.place, self.url + path, *cookies, *sent, *more)

    def set_up(self) -> Answer:
        """Fill in the wiki's own set-up page: an open wiki with one administrator."""
        account = {"superuser": USER, "fullname": "Alice", "email": "alice@hasite.test", "policy": "0", "acl": "on"}
        answers = {"title": "Ours", "license": "cc-by-sa", "password": PASSWORD, "confirm": PASSWORD, **account}
        fields = {f"d[{name}]": value for name, value in answers.items()}
        return self.post("install.php", {**fields, "l": "en", "submit": "1"})

    def log_in(self) -> None:
        form = hidden_fields(self.get("doku.php?id=start&do=login").body)
        self.post("doku.php?id=start&do=login", {**form, "do": "login", "id": "start", "u": USER, "p": PASSWORD})

    def is_known(self, answer: Answer) -> bool:
        """Tell whether a page greets this person."""
        return "Logged in as" in answer.body and "do=logout" in answer.body

    def edit(self, page: str, text: str) -> Answer:
        """Save a page; the answer names the machine that took it."""
        form = hidden_fields(self.get(f"doku.php?id={page}&do=edit").body)
        saved = self.post(f"doku.php?id={page}", {**form, "id": page, "wikitext": text, "do[save]": "1"})
        assert saved.status in (302, 303), saved.body[-2000:]
        return saved

    def upload(self, file: Path) -> Answer:
        """Upload a file into the wiki's top namespace by the media manager's form."""
        form = hidden_fields(self.get("lib/exe/mediamanager.php?ns=").body)
        part = ("--form", f"upload=@{file};type=application/zip")
        return self.post("lib/exe/mediamanager.php", {**form, "ns": "", "mediaid": file.name}, *part)

    def download(self, name: str, target: Path) -> str:
        """Download an uploaded file; return the machine that sent it."""
        url = f"{self.url}lib/exe/fetch.php?media={name}"
        told = ("--output", str(target), "--write-out", "%header{x-served-by}", "--cookie", str(self.jar))
        command = [*visitor(self.place), "curl", "--silent", "--show-error", "--fail", "--max-time", "30", *told, url]
        return subprocess.run(command, capture_output=True, text=True, timeout=40, check=True).stdout
