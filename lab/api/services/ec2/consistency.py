# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's eventual consistency (`lab up --consistency aws`): what calls made or deleted is seen a moment later.

For that moment a call that names something new is refused as if it did not exist, and lists leave it out; what was
deleted is still listed as it was. The world of machines and packets is not late: only what calls are told of it.
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from lab.api.callers.unknown_paths import Application, refusal
from lab.base.clock import Clock
from lab.world.account.consistency import RESOURCES, Lateness, Resource

_log = logging.getLogger(__name__)
_ID = re.compile(r"([a-z]+)-[0-9a-f]{8,17}\Z")
_SCOPE = re.compile(r"/ec2/aws4_request")
_MAKING = ("Create", "Run", "Allocate")


@dataclass
class _Unseen:
    """A change that calls are not told of yet."""

    until: float
    item: Element | None = None
    """What lists show of something that was deleted; None for something new."""


@dataclass
class EventualConsistency:
    """The application behind it, and what is not seen yet. It is called under the API's lock."""

    application: Application
    clock: Clock
    lateness: Lateness
    _unseen: dict[str, _Unseen] = field(default_factory=dict)
    _drawn: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one call."""
        form = _form(environ)
        action = form.get("Action", "")
        if not action:
            return self.application(environ, start_response)
        self._forget()
        for name, text in form.items():
            # A filter finds nothing where a name is refused.
            if not name.startswith("Filter.") and (late := self._unseen.get(text)) and late.item is None:
                _log.info("not seen yet: %s in %s", text, action)
                return _refuse(RESOURCES[_prefix(text)], text, start_response)
        going = self._going(action, form, environ)
        status, headers, body = self._answer(environ)
        if status.startswith("200"):
            if action.startswith(_MAKING):
                self._note_new(body, form)
            for id_, item in going.items():
                self._note(id_, "deleted", item)
            if shown := next((kind for kind in RESOURCES.values() if kind.describe == action), None):
                body = self._shown(shown, body, form)
        elif named := self._deleted(action, form):
            status, headers, body = "200 OK", headers, _alone(named, body, action)
        headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def _forget(self) -> None:
        now = self.clock.monotonic()
        self._unseen = {id_: late for id_, late in self._unseen.items() if late.until > now}

    def _note(self, id_: str, change: str, item: Element | None = None) -> None:
        prefix = _prefix(id_)
        self._drawn[prefix, change] += 1
        if late := self.lateness.seconds(prefix, self._drawn[prefix, change], change):
            self._unseen[id_] = _Unseen(self.clock.monotonic() + late, item)

    def _answer(self, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        started: list[Any] = []
        body = b"".join(self.application(environ, lambda *answer: started.extend(answer)))
        return started[0], list(started[1]), body

    # ---- what is new

    def _note_new(self, body: bytes, form: Mapping[str, str]) -> None:
        """Note what an answer tells for the first time: the element of its kind's own id that the call did not name."""
        kind = RESOURCES.get(_made(form["Action"]))
        for element in _parsed(body).iter():
            id_ = element.text or ""
            is_new = id_ not in form.values() and id_ not in self._unseen
            if kind and _name(element) == kind.id and _prefix(id_) == kind.prefix and is_new:
                self._note(id_, "made")

    # ---- what is gone

    def _going(self, action: str, form: Mapping[str, str], environ: dict[str, Any]) -> dict[str, Element]:
        """Return what lists show now of what a call is about to delete."""
        kind = next((kind for kind in RESOURCES.values() if action and kind.delete == action), None)
        id_ = form.get(kind.parameter, "") if kind else ""
        if kind is None or not id_:
            return {}
        query = urlencode({"Action": kind.describe, f"{kind.parameter}.1": id_, "Version": form.get("Version", "")})
        asked = {**environ, "wsgi.input": io.BytesIO(query.encode()), "CONTENT_LENGTH": str(len(query))}
        status, _headers, body = self._answer(asked)
        if not status.startswith("200"):
            return {}
        shown = {_id(item, kind): item for holder in _holders(_parsed(body), kind) for item in holder}
        return {id_: shown[id_]} if id_ in shown else {}

    def _deleted(self, action: str, form: Mapping[str, str]) -> list[tuple[Resource, Element]]:
        """Return what a call asks for by its ids if all of it was deleted a moment ago, nothing otherwise."""
        kind = next((kind for kind in RESOURCES.values() if kind.describe == action), None)
        if kind is None:
            return []
        named = [text for name, text in form.items() if re.fullmatch(rf"{kind.parameter}\.\d+", name)]
        items = [late.item for id_ in named if (late := self._unseen.get(id_)) and late.item is not None]
        return [(kind, item) for item in items] if len(items) == len(named) else []

    # ---- lists

    def _shown(self, kind: Resource, body: bytes, form: Mapping[str, str]) -> bytes:
        """Return a list without what is new, and with what is gone where the call asks for everything."""
        root = _parsed(body)
        changed = False
        for holder in _holders(root, kind):
            for item in list(holder):
                late = self._unseen.get(_id(item, kind))
                if late and late.item is None:
                    holder.remove(item)
                    changed = True
        gone = [
            late.item for id_, late in self._unseen.items() if _prefix(id_) == kind.prefix and late.item is not None
        ]
        asked = [item for item in gone if _is_asked_for(item, kind, form)]
        if asked and (holders := _holders(root, kind)):
            present = {_id(item, kind) for item in holders[0]}
            holders[0].extend(item for item in asked if _id(item, kind) not in present)
            changed = True
        return _text(root) if changed else body


def _is_asked_for(item: Element, kind: Resource, form: Mapping[str, str]) -> bool:
    """Tell whether a list has an item: by its VPC and its tags; filters by anything else leave it out."""
    if any(name.startswith(f"{kind.parameter}.") for name in form):
        return False
    tags = {_child(tag, "key"): _child(tag, "value") for tag in item.iter() if _child(tag, "key")}
    for name, asked in form.items():
        if found := re.fullmatch(r"Filter\.(\d+)\.Name", name):
            values = [text for key, text in form.items() if key.startswith(f"Filter.{found[1]}.Value.")]
            is_tag, known = asked.startswith("tag:"), {"vpc-id": _child(item, "vpcId")}
            if (tags if is_tag else known).get(asked.removeprefix("tag:")) not in values:
                return False
    return True


def _child(element: Element, name: str) -> str:
    return next((child.text or "" for child in element if _name(child) == name), "")


def _form(environ: dict[str, Any]) -> dict[str, str]:
    """Return the fields of a call to EC2, nothing of another one."""
    if not _SCOPE.search(environ.get("HTTP_AUTHORIZATION", "")):
        return {}
    body = environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    return {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}


def _prefix(text: str) -> str:
    found = _ID.match(text.strip())
    return found[1] if found else ""


def _made(action: str) -> str:
    """Return the prefix of what an operation makes."""
    if action in ("RunInstances", "AllocateAddress"):
        return {"RunInstances": "i", "AllocateAddress": "eipalloc"}[action]
    thing = action.removeprefix("Create")
    return next((kind.prefix for kind in RESOURCES.values() if kind.describe == f"Describe{thing}s"), "")


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _holders(root: Element, kind: Resource) -> list[Element]:
    """Return the elements that hold the items; instances are inside of reservations, of which each has some."""
    return [element for element in root.iter() if _name(element) == kind.items]


def _id(item: Element, kind: Resource) -> str:
    return _child(item, kind.id)


def _parsed(answer: bytes) -> Element:
    return ElementTree.fromstring(answer)  # noqa: S314 - the lab's own answer


def _text(root: Element) -> bytes:
    ElementTree.register_namespace("", root.tag[1:].partition("}")[0])
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _alone(items: list[tuple[Resource, Element]], refused: bytes, action: str) -> bytes:
    """Return the answer that lists these items, in the place of a refusal."""
    space = items[0][1].tag.rpartition("}")[0].removeprefix("{")
    root = Element(f"{{{space}}}{action}Response")
    request = ElementTree.SubElement(root, f"{{{space}}}requestId")
    request.text = _parsed(refused).findtext(".//RequestID")
    holder = ElementTree.SubElement(root, f"{{{space}}}{items[0][0].items}")
    holder.extend(item for _kind, item in items)
    return _text(root)


def _refuse(kind: Resource, id_: str, start_response: Callable[..., Any]) -> Iterable[bytes]:
    what = re.sub(r"(?<!^)(?=[A-Z])", " ", kind.id[0].upper() + kind.id[1:]).lower().removesuffix(" id")
    content, body = refusal("ec2", kind.error, f"The {what} ID '{id_}' does not exist")
    start_response("400 Bad Request", [("Content-Type", content), ("Content-Length", str(len(body)))])
    return [body]
