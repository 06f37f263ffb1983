# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs CloudFront functions in V8, away from everything: no network, no files, no modules.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
"""

from __future__ import annotations

import atexit
import json
import threading
from typing import Any

from py_mini_racer import JSEvalException, MiniRacer

_SECONDS = 1.0
"""CloudFront allows about a millisecond of CPU; a shared machine needs more slack to find a loop out."""
_MEMORY = 32 * 1024 * 1024
_PRELUDE = "var console = { log: function () {}, error: function () {} };\n"
_CALL = """
var lab_answer = null, lab_failure = null;
(function (answer) {
  if (answer && typeof answer.then === "function") {
    answer.then(function (value) { lab_answer = value; }, function (error) { lab_failure = String(error); });
  } else {
    lab_answer = answer;
  }
})(handler({event}));
0
"""
_ANSWER = "JSON.stringify([lab_answer === undefined ? null : lab_answer, lab_failure])"
"""Asked after the call, when an async handler's promise has been settled."""
_MOST_ENGINES = 16
_engines: dict[str, MiniRacer] = {}
"""Code to the engine that has loaded it, the oldest first."""
_lock = threading.Lock()


class FunctionError(Exception):
    """The function threw, ran too long or returned nothing of use."""


def _engine(code: str) -> MiniRacer:
    if code in _engines:
        return _engines[code]
    while len(_engines) >= _MOST_ENGINES:
        _engines.pop(next(iter(_engines))).close()
    engine = MiniRacer()
    engine.set_hard_memory_limit(_MEMORY)
    try:
        engine.eval(_PRELUDE + code, timeout_sec=_SECONDS)
    except JSEvalException as error:
        engine.close()
        raise FunctionError(f"The CloudFront function's code is refused: {error}") from None
    _engines[code] = engine
    return engine


@atexit.register
def _close() -> None:
    """Close what would otherwise, at the interpreter's end, wait for a thread that has ended by then."""
    for engine in _engines.values():
        engine.close()
    _engines.clear()


def run(code: str, event: dict[str, Any]) -> dict[str, Any]:
    """Return what `handler(event)` returns: a request or a response."""
    with _lock:
        engine = _engine(code)
        try:
            engine.eval(_CALL.replace("{event}", json.dumps(event)), timeout_sec=_SECONDS)
            result, failure = json.loads(str(engine.eval(_ANSWER, timeout_sec=_SECONDS)))
        except JSEvalException as error:
            raise FunctionError(f"The CloudFront function failed: {error}") from None
    if failure:
        raise FunctionError(f"The CloudFront function failed: {failure}")
    if not isinstance(result, dict):
        raise FunctionError("The CloudFront function returned neither a request nor a response.")
    return result
