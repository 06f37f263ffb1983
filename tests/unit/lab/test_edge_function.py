# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from lab.engines.edge_function import FunctionError, run


@pytest.mark.parametrize("kind", ["", "async "])
def test_a_handler_returns_a_request(kind: str) -> None:
    code = kind + "function handler(event) { event.request.uri = '/other'; return event.request; }"
    assert run(code, {"request": {"uri": "/"}}) == {"uri": "/other"}


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("function handler(event) { throw new Error('no'); }", "Error: no"),
        ("async function handler(event) { throw 'no'; }", "no"),
        ("function handler(event) {", "refused"),
        ("function handler(event) {}", "neither a request nor a response"),
        ("function handler(event) { for (;;) {} }", "timeout"),
        ("function handler(event) { return require('fs'); }", "require is not defined"),
    ],
)
def test_a_bad_function_is_an_error(code: str, complaint: str) -> None:
    with pytest.raises(FunctionError, match=complaint):
        run(code, {})
