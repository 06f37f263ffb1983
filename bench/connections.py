# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to a machine that are compared, as the variables of a host."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import Literal

from bench.fleet import REGION
from bench.row import CannotMeasureError
from bench.run import BUILD, ROOT
from bench.stage import BenchSession
from lab.base.endpoint import require

Way = Literal["ours", "ours with a bucket", "upstream", "ssh"]
Variables = dict[str, object]

_USER = "ssm-user"
_S3 = f"http://s3.{REGION}.amazonaws.com"
"""S3 by its own name, for the machine; the controller reaches it by the lab's port as its proxy."""


def host(stage: BenchSession, way: Way, machine: str) -> Variables:
    """Return the variables by which a machine is reached."""
    common: Variables = {"ansible_python_interpreter": "/usr/bin/python3"}
    if way == "ssh":
        return common | _ssh(stage, machine)
    endpoint = require(stage.place)
    sessions: Variables = {
        "ansible_aws_ssm_instance_id": machine,
        "ansible_aws_ssm_region": REGION,
        "ansible_aws_ssm_endpoint_url": endpoint.url,
        "ansible_aws_ssm_access_key_id": endpoint.access_key,
        "ansible_aws_ssm_secret_access_key": endpoint.secret_key,
    }
    if way == "ours":
        return common | sessions | {"ansible_connection": "hasite.aws.ssm"}
    if way == "ours with a bucket":
        return common | sessions | _bucket(stage) | {"ansible_connection": "hasite.aws.ssm"}
    return common | sessions | upstream(stage)


def environment(stage: BenchSession, way: Way) -> dict[str, str]:
    """Return what the controller needs in its environment for this way."""
    url = require(stage.place).url
    return {"http_proxy": url, "no_proxy": "127.0.0.1"} if way == "upstream" else {"AWS_ENDPOINT_URL": url}


def _bucket(stage: BenchSession) -> Variables:
    return {"ansible_aws_ssm_bucket_name": stage.fleet().bucket()}


def upstream(stage: BenchSession) -> Variables:
    """Return what makes a host one of the upstream connection's, as it was released."""
    plugin = ROOT / "bin" / "session-manager-plugin"
    if not plugin.exists():
        raise CannotMeasureError(f"the upstream connection needs {plugin.relative_to(ROOT)}, which is not there.")
    return {
        **_bucket(stage),
        "ansible_connection": "amazon.aws.aws_ssm",
        "ansible_aws_ssm_bucket_endpoint_url": _S3,
        "ansible_aws_ssm_s3_addressing_style": "path",
        "ansible_aws_ssm_plugin": str(plugin),
    }


def _ssh(stage: BenchSession, machine: str) -> Variables:
    """Run sshd for one connection at a time on its standard input: the fastest network there can be."""
    for tool in ("ssh", "ssh-keygen"):
        if shutil.which(tool) is None:
            raise CannotMeasureError(f"the command {tool} is not on this machine.")
    key = BUILD / "ssh-key"
    if not key.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    stage.once("sshd", machine).or_else(lambda: _install_sshd(stage, machine, key.with_suffix(".pub").read_text()))
    proxy = f"{sys.executable} -m lab --name {stage.name} exec {machine} /usr/sbin/sshd -i"
    options = [
        *("-o", f"ProxyCommand='{proxy}'"),
        *("-o", f"IdentityFile={key}"),
        *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
        *("-o", "ControlMaster=auto", "-o", "ControlPersist=60s"),
    ]
    return {
        "ansible_connection": "ansible.builtin.ssh",
        "ansible_host": machine,
        "ansible_user": _USER,
        "ansible_pipelining": True,
        "ansible_ssh_args": " ".join(options),
    }


def _install_sshd(stage: BenchSession, machine: str, key: str) -> bool:
    script = f"""set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends openssh-server openssh-sftp-server
systemctl disable --now ssh.service
id {_USER} || useradd --create-home --shell /bin/sh {_USER}
echo '{_USER} ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/bench
install -d -m 700 -o {_USER} -g {_USER} ~{_USER}/.ssh /run/sshd
install -d -m 755 -o root -g root /run/sshd
echo '{key.strip()}' > ~{_USER}/.ssh/authorized_keys
# Without PAM: logind of a container does not notice a session's end everywhere, and lets the next one wait for it.
echo 'UsePAM no' > /etc/ssh/sshd_config.d/bench.conf
usermod --password '*' {_USER}
chown {_USER}: ~{_USER}/.ssh/authorized_keys
"""
    stage.on_machine(machine, "bash", "-c", script)
    return True
