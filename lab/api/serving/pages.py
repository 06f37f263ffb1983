# SPDX-License-Identifier: GPL-3.0-or-later
"""A list comes in pages of the size that its caller asks for, also where moto sends everything at once.

What an operation's pages are called is AWS's own description of it, as botocore brings it. Where moto makes pages
itself, they stay as they are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
from botocore.exceptions import DataNotFoundError
from moto.core.responses import ActionResult, BaseResponse

from lab.api.moto.extension import replaces
from lab.api.moto.paging import TokenError, page


@functools.cache
def _paginators(service: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the pages' names by operation, as far as they are plain members of question and answer."""
    try:
        config = botocore.session.get_session().get_paginator_model(service)._paginator_config
    except DataNotFoundError:
        return {}
    plain = ("input_token", "output_token", "limit_key")
    return {
        operation: names
        for operation, names in config.items()
        if all(str(names.get(key, "-")).isidentifier() for key in plain)
        and all(key.isidentifier() for key in _keys(names))
    }


def _keys(names: Mapping[str, Any]) -> list[str]:
    found = names["result_key"]
    return [found] if isinstance(found, str) else list(found)


_MARK = "cut"


def extend() -> None:
    """Cut what moto answers into pages."""

    @replaces(BaseResponse, "serialized")
    def serialized(original: Callable[..., Any], self: Any, answer: ActionResult) -> Any:
        names = _paginators(self.boto3_service_name).get(self._get_action())
        whole = type(answer) is ActionResult and isinstance(answer.result, dict)
        return original(self, _cut(self, names, answer.result) if names and whole else answer)


def _cut(call: Any, names: Mapping[str, Any], whole: dict[str, Any]) -> ActionResult:
    """Return the page that the call asks for; everything if it asks for none."""
    if whole.get(names["output_token"]):
        return ActionResult(whole)
    asked = call.params if call.automated_parameter_parsing else _parsed(call)
    token, size = asked.get(names["input_token"]), asked.get(names["limit_key"])
    if not (token or size):
        return ActionResult(whole)
    keys = _keys(names)
    items = [(key, item) for key in keys for item in whole.get(key) or ()]
    try:
        shown, rest = page(items, token, int(size or len(items)), _MARK)
    except TokenError:  # another one's, which has made the page
        return ActionResult(whole)
    cut = {key: [item for of, item in shown if of == key] for key in keys if key in whole}
    more = {names["output_token"]: rest, **({names["more_results"]: True} if "more_results" in names else {})}
    return ActionResult({**whole, **cut, **(more if rest else {})})


def _parsed(call: Any) -> Mapping[str, Any]:
    call.parse_parameters(call.normalized_request)
    parsed: Mapping[str, Any] = call.params
    return parsed
