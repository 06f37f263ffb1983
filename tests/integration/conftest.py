# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab serves all tests of a run; it bears a name of its own, so a user's lab beside it is left alone."""

from __future__ import annotations

import os
from collections.abc import Iterator

import boto3
import pytest

from lab.base.endpoint import require
from lab.base.paths import LabPaths
from tests.integration import demo_site
from tests.integration.fleet import Fleet
from tests.integration.labs import place_of, run_lab, session_of, up, worker
from tests.integration.name_rig import Page, Rig, open_rig, serve_page
from tests.integration.owner import Owner


@pytest.fixture(scope="session")
def place() -> Iterator[LabPaths]:
    """The place of the shared, running lab."""
    if os.geteuid() != 0:
        pytest.skip("the lab needs root")
    place = place_of(f"test{worker()}")
    up(place.name)
    yield place
    assert run_lab(place.name, "down").returncode == 0


@pytest.fixture(scope="session")
def session(place: LabPaths) -> Iterator[boto3.session.Session]:
    """A stranger's SDK, pointed at the lab as `lab env` points it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", require(place).url)
        yield session_of(place)


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Names without a lab around them."""
    with open_rig(tmp_path_factory.mktemp("authority")) as rig:
        yield rig


@pytest.fixture
def page(rig: Rig) -> Iterator[type[Page]]:
    """The page that health checks ask for."""
    with serve_page(rig) as page:
        yield page


@pytest.fixture(scope="session")
def fleet(session: boto3.session.Session, place: LabPaths) -> Iterator[Fleet]:
    """Two machines that only Session Manager reaches."""
    made = Fleet(session, place, "fleet", 48, count=2)
    yield made
    made.close()


@pytest.fixture(scope="session")
def demo() -> Iterator[Owner]:
    """The demo site, for tests that leave it as they found it (tests/conftest.py keeps them with one worker)."""
    with demo_site.built("demo") as owner:
        yield owner
