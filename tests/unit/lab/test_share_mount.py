# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines' mount helper, in namespaces of its own, against a mount target that can be told to go away."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root, for namespaces")

FILES = Path(__file__).parents[3] / "lab" / "image" / "files"

_PREPARE = f"""
set -e
mount --make-rprivate /
ip link set lo up
ip address add 10.9.0.1/32 dev lo
mount -t tmpfs tmpfs /mnt
for top in usr var run; do
  mkdir -p /mnt/$top/upper /mnt/$top/work
  mount -t overlay overlay -o lowerdir=/$top,upperdir=/mnt/$top/upper,workdir=/mnt/$top/work /$top || exit 77
done
rm -rf /run/systemd
cp -a {FILES}/usr/. /usr/
mkdir -p /var/lib/hasite-lab/efs/fs-1/sub /mnt/point
echo hello > /var/lib/hasite-lab/efs/fs-1/file
echo below > /var/lib/hasite-lab/efs/fs-1/sub/file
touch /var/lib/dpkg/info/nfs-common.list
serve() {{
  at=${{2:-10.9.0.1}} port=${{3:-2049}}
  {sys.executable} - "$1" $at $port <<'PYTHON' &
import socketserver, sys
class Target(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            verb, _, path = line.decode().strip().partition(" ")
            answer = "ALIVE" if verb == "PROBE" else sys.argv[1] if path in ("/", "/sub") else "ERROR ENOENT"
            self.wfile.write(answer.encode() + b"\\n")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
Server((sys.argv[2], int(sys.argv[3])), Target).serve_forever()
PYTHON
  server=$!
  for _ in $(seq 50); do (echo > /dev/tcp/$at/$port) 2>/dev/null && break; sleep 0.1; done
}}
until_() {{ for _ in $(seq 120); do "$@" && return; sleep 0.25; done; echo "never: $*" >&2; return 1; }}
away() {{ ! mountpoint -q /mnt/point; }}
trap 'kill $(jobs -p) 2>/dev/null' EXIT
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script with private mounts, processes and network: nothing of it outlives it."""
    done = subprocess.run(
        [
            *("unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"),
            *("bash", "-c", _PREPARE + script),
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode == 77:
        pytest.skip("this kernel has no overlay file system here")
    return done


def test_mounts_reads_writes_and_unmounts() -> None:
    done = run(
        """
        serve "EXPORT fs-1 rw"
        mount -t nfs4 -o nfsvers=4.1,hard,_netdev 10.9.0.1:/ /mnt/point
        cat /mnt/point/file
        echo more > /mnt/point/new
        cat /var/lib/hasite-lab/efs/fs-1/new
        findmnt -n -o TARGET /mnt/point
        ! mount -t nfs4 10.9.0.1:/ /mnt/point
        umount /mnt/point
        mount -t nfs 10.9.0.1:/sub /mnt/point
        cat /mnt/point/file
        """
    )
    assert done.stdout == "hello\nmore\n/mnt/point\nbelow\n", done.stderr
    assert "busy or already mounted" in done.stderr


@pytest.mark.parametrize(
    ("answer", "path", "message"),
    [
        ("ERROR EACCES", "/", "access denied by server while mounting 10.9.0.1:/"),
        ("EXPORT fs-1 rw", "/none", "failed, reason given by server: No such file or directory"),
    ],
)
def test_refusals(answer: str, path: str, message: str) -> None:
    done = run(f'serve "{answer}"; mount -t nfs4 10.9.0.1:{path} /mnt/point')
    assert done.returncode == 32
    assert message in done.stderr


def test_read_only() -> None:
    done = run('serve "EXPORT fs-1 ro"; mount -t nfs4 10.9.0.1:/ /mnt/point; touch /mnt/point/new')
    assert "Read-only file system" in done.stderr


def test_a_mount_is_made_read_only_and_writable_again() -> None:
    done = run(
        """
        serve "EXPORT fs-1 rw"
        mount -t nfs4 10.9.0.1:/ /mnt/point
        mount -t nfs4 -o remount,ro 10.9.0.1:/ /mnt/point
        ! touch /mnt/point/new
        mount -t nfs4 -o remount,rw 10.9.0.1:/ /mnt/point
        touch /mnt/point/new && echo written
        """
    )
    assert "Read-only file system" in done.stderr
    assert done.stdout == "written\n"


def test_without_a_mount_target_or_a_name_or_the_package() -> None:
    assert "Connection refused" in run("mount -t nfs4 -o retry=0 10.9.0.1:/ /mnt/point").stderr
    assert "Failed to resolve server no.invalid" in run("mount -t nfs4 no.invalid:/ /mnt/point").stderr
    missing = run("rm /var/lib/dpkg/info/nfs-common.list; mount -t nfs4 10.9.0.1:/ /mnt/point")
    assert "you might need a /sbin/mount.<type> helper program" in missing.stderr


def test_a_share_is_mounted_through_a_tunnels_end() -> None:
    serve = 'serve "EXPORT fs-1 rw" 127.0.0.1 20049'
    done = run(f"{serve}; mount -t nfs4 -o port=20049 127.0.0.1:/ /mnt/point; cat /mnt/point/file")
    assert done.stdout == "hello\n", done.stderr
    assert "incorrect mount option" in run("mount -t nfs4 -o port=nfs 127.0.0.1:/ /mnt/point").stderr


@pytest.mark.slow
def test_a_share_out_of_reach_goes_and_comes_back() -> None:
    done = run(
        """
        serve "EXPORT fs-1 rw"
        mount -t nfs4 10.9.0.1:/ /mnt/point
        kill $server
        until_ away
        test ! -e /mnt/point/file
        serve "EXPORT fs-1 rw"
        until_ mountpoint -q /mnt/point
        cat /mnt/point/file
        umount /mnt/point
        sleep 4
        mountpoint -q /mnt/point || echo stays away
        """
    )
    assert done.stdout.splitlines()[-2:] == ["hello", "stays away"], done.stdout + done.stderr
