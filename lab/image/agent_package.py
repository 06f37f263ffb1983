# SPDX-License-Identifier: GPL-3.0-or-later
"""The package of the Systems Manager agent that Debian's machines fetch from AWS's bucket, as Debian does not have it.

https://docs.aws.amazon.com/systems-manager/latest/userguide/agent-install-deb.html
The agent is the lab's: its program is on every machine's disk, and the package has the unit that runs it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from lab.base.errors import LabError
from lab.image.amazon import catalogue

UNIT = "etc/systemd/system/amazon-ssm-agent.service"
"""Where it is in the tree of the machines' files, and on the disk of a machine whose image has the agent."""
_FILES = Path(__file__).with_name("files")
_OBJECT = "amazon-ssm/latest/debian_amd64/amazon-ssm-agent.deb"
_CONTROL = f"""\
Package: amazon-ssm-agent
Version: {catalogue.AGENT_VERSION}
Architecture: amd64
Maintainer: hasite.aws contributors
Description: The lab's stand-in for the agent of AWS Systems Manager
"""
_AFTER = """\
#!/bin/sh
set -e
systemctl daemon-reload
systemctl enable --quiet amazon-ssm-agent
systemctl restart amazon-ssm-agent
"""


def publish(folder: Path) -> None:
    """Put the package where AWS's bucket of a region has it; `folder` is that of all its public buckets."""
    target = folder / _OBJECT
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        root = Path(work) / "root"
        unit = root / "lib/systemd/system" / Path(UNIT).name
        unit.parent.mkdir(parents=True)
        shutil.copy(_FILES / UNIT, unit)
        (root / "DEBIAN").mkdir()
        (root / "DEBIAN/control").write_text(_CONTROL)
        (root / "DEBIAN/postinst").write_text(_AFTER)
        (root / "DEBIAN/postinst").chmod(0o755)
        done = subprocess.run(
            ["dpkg-deb", "--root-owner-group", "--build", str(root), str(target)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise LabError(f"dpkg-deb could not make the package of the machines' agent: {done.stderr.strip()}")
