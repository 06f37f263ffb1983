# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor without Ansible around it: the same readings and the same rules as playbooks/doctor.yml, in one process.

A run of the playbook costs ten seconds of processor time, most of it for starting Pythons; with a hundred looks at a
site that would be the tests' time. `test_faults.py` shows that both say the same.
"""

from __future__ import annotations

import functools
import io
import json
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.hasite.aws.plugins.module_utils._doctor.diagnosis import diagnose
from ansible_collections.hasite.aws.plugins.module_utils._doctor.evidence import Evidence, evidence_from
from ansible_collections.hasite.aws.plugins.module_utils._doctor.finding import Finding
from ansible_collections.hasite.aws.plugins.module_utils._site.assembly import assemble
from ansible_collections.hasite.aws.plugins.module_utils._site.details import add_details
from ansible_collections.hasite.aws.plugins.module_utils._site.names import Wanted
from ansible_collections.hasite.aws.plugins.module_utils._site.reading import read_all
from ansible_collections.hasite.aws.plugins.module_utils._site.scope import ReadScope
from botocore.config import Config

from lab.base.endpoint import require
from lab.base.paths import LabPaths
from lab.commands.shell import visitor
from lab.plane.machines.container import Container
from tests.integration.labs import ROOT, installed, session_of

SITE, DOMAIN, ZONE, REGION = "demo", "www.hasite.test", "hasite.test", "ap-northeast-1"
LOOK = """
import json, subprocess, sys
from look import _web_machine
def run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=4)
    return done.returncode, done.stdout
print(json.dumps(_web_machine.look(json.loads(sys.argv[1]), run)))
"""
VISIT = """
import json, sys
from look import _visit
print(json.dumps(_visit.look(json.loads(sys.argv[1]))))
"""


def carried() -> bytes:
    """What looks from inside and from outside, to be carried to where it looks."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("look/__init__.py", "")
        for name in ("_web_machine", "_visit", "_delegation", "_resource"):
            archive.write(ROOT / "plugins" / "module_utils" / f"{name}.py", f"look/{name}.py")
    return file.getvalue()


class Doctor:
    """Looks at the demo site of a lab."""

    def __init__(self, place: LabPaths) -> None:
        self.place = place
        self.session = session_of(place)
        self.url = require(place).url
        self.look = place.folder / "look.zip"
        self.look.write_bytes(carried())

    @functools.cache  # noqa: B019  # the doctor lives as long as the tests
    def client(self, service: str, region: str) -> Any:
        config = Config(max_pool_connections=16)
        return self.session.client(service, region_name=region, endpoint_url=self.url, config=config)

    def read_site(self) -> dict[str, Any]:
        site = ReadScope(SITE, [DOMAIN], REGION, self.client)
        answers, errors = read_all(site)
        found: dict[str, Any] = add_details(site, assemble(SITE, REGION, answers, errors, Wanted([DOMAIN]))).as_dict()
        return found

    def visit(self, site: dict[str, Any]) -> Any:
        edge = next((distribution["domain_name"] for distribution in site["distributions"]), None)
        asked = {"domain": DOMAIN, "page": "/", "requests": 1, "aliases": [], "zone": ZONE}
        wanted = {**asked, "timeout": 5, "distribution_domain_name": edge}
        words = ["env", f"PYTHONPATH={self.look}", installed("python"), "-c", VISIT, json.dumps(wanted)]
        return told([*visitor(self.place), *words])

    def inside(self, site: dict[str, Any], machine: str) -> Any:
        path = next((group["health_check_path"] for group in site["target_groups"]), "/health")
        wanted = json.dumps({"share": "/srv/site", "health_path": path, "timeout": 4})
        script = 'cat > /run/look.zip; PYTHONPATH=/run/look.zip exec python3 -c "$0" "$1"'
        return told([*Container(self.place, machine).enter(), "sh", "-c", script, LOOK, wanted], carried())

    def evidence(self) -> Evidence:
        """Look from everywhere; only at machines that Session Manager says it reaches."""
        site = self.read_site()
        online = [
            instance["instance_id"]
            for instance in site["instances"]
            if (instance["state"], instance["ssm_ping_status"]) == ("running", "Online")
        ]
        with ThreadPoolExecutor() as pool:
            outside = pool.submit(self.visit, site)
            looks = {one: pool.submit(self.inside, site, one) for one in online}
        machines = {one: look.result() for one, look in looks.items() if not look.exception()}
        silent = {one: str(look.exception()) for one, look in looks.items() if look.exception()}
        found: Evidence = evidence_from(DOMAIN, site, outside.result(), machines, silent)
        return found

    def findings(self) -> list[Finding]:
        found: list[Finding] = list(diagnose(self.evidence()).findings)
        return found


def told(command: list[str], given: bytes = b"") -> Any:
    done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def of(place: LabPaths) -> Doctor:
    """Return the doctor of the lab that runs at a place: a later one has another API, and other keys."""
    return _of(place, require(place).pid)


@functools.cache
def _of(place: LabPaths, _process: int) -> Doctor:
    return Doctor(place)


def findings(place: LabPaths) -> list[str]:
    """Return the codes of what the doctor finds, in its order, each once."""
    return list(dict.fromkeys(finding.kind.code for finding in of(place).findings()))
