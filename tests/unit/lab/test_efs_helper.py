# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in for the EFS mount helper asks a mount target for, and what it refuses beforehand."""

from __future__ import annotations

import datetime
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from lab.api.callers import signature

FILES = Path(__file__).parents[3] / "lab" / "image"
REGION = "eu-west-1"


@pytest.fixture
def helper(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FILES / "files" / "usr" / "lib" / "hasite-lab"))
    before = set(sys.modules)
    from share import efs

    monkeypatch.setattr(efs, "SETTINGS", FILES / "amazon/tree/amazon-efs-utils/etc/amazon/efs/efs-utils.conf")
    for name in set(sys.modules) - before:
        monkeypatch.delitem(sys.modules, name)
    found: ModuleType = efs
    return found


@dataclass
class Machine:
    """The metadata of a machine whose role has credentials."""

    helper: ModuleType
    region: str = REGION

    def credentials(self) -> object:
        end = datetime.datetime.now(datetime.UTC)
        return self.helper.signing.Credentials("AKID", "secret", "token", end)


def completed(helper: ModuleType, options: str, source: str = "fs-1:/") -> object:
    request = helper.parse(["mount.efs", source, "/srv/site", "-o", options])
    return helper._completed(request, Machine(helper))


def test_a_share_is_mounted_by_its_id_over_tls_as_the_machines_role(helper: ModuleType) -> None:
    request = completed(helper, "rw,_netdev,nofail,tls,iam")
    name = f"fs-1.efs.{REGION}.amazonaws.com"
    assert (request.source, request.tls_name) == (f"{name}:/", name)  # type: ignore[attr-defined]
    call = json.loads(request.identity())  # type: ignore[attr-defined]
    headers = call["headers"]
    assert "Credential=AKID/" in headers["authorization"]
    assert f"/{REGION}/elasticfilesystem/aws4_request" in headers["authorization"]
    # What the other end needs to make the same signature: every header that was signed.
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert set(names) <= headers.keys()
    assert signature.SignedRequest("GET", call["url"], headers).url.startswith(f"https://{headers['host']}/")


def test_without_options_it_mounts_as_nobody_and_plainly(helper: ModuleType) -> None:
    request = completed(helper, "_netdev")
    assert (request.tls_name, request.identity()) == ("", "")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("options", "source", "said"),
    [("iam", "fs-1:/", 'The "iam" option requires the "tls" option'), ("tls", "server:/", "names no file system")],
)
def test_refusals(helper: ModuleType, options: str, source: str, said: str) -> None:
    with pytest.raises(helper.MountError, match=said):
        completed(helper, options, source)
