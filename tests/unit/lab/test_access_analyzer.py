# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM Access Analyzer, in which nobody has set anything up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.lab.served import serve


@pytest.fixture(scope="module")
def analyzer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with serve(tmp_path_factory.mktemp("authority")) as api:
        yield api.client("accessanalyzer")


def test_there_are_no_analyzers(analyzer: Any) -> None:
    assert analyzer.list_analyzers()["analyzers"] == []
    with pytest.raises(analyzer.exceptions.ResourceNotFoundException):
        analyzer.get_analyzer(analyzerName="mine")
    with pytest.raises(analyzer.exceptions.ResourceNotFoundException):
        analyzer.list_findings(analyzerArn="arn:aws:access-analyzer:ap-northeast-1:123456789012:analyzer/mine")


def test_none_is_made_that_would_find_nothing(analyzer: Any) -> None:
    with pytest.raises(ClientError, match="NotImplemented"):
        analyzer.create_analyzer(analyzerName="mine", type="ACCOUNT")
    assert analyzer.list_analyzers()["analyzers"] == []
