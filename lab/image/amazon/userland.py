# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a root file system of Debian's read as Amazon Linux 2023's, and takes away by what Debian would be known."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from lab.image.amazon import catalogue, repository

# https://docs.aws.amazon.com/linux/al2023/ug/naming-and-versioning.html
_OS_RELEASE = """\
NAME="Amazon Linux"
VERSION="2023"
ID="amzn"
ID_LIKE="fedora"
VERSION_ID="2023"
PLATFORM_ID="platform:al2023"
PRETTY_NAME="Amazon Linux {release}"
ANSI_COLOR="0;33"
CPE_NAME="cpe:2.3:o:amazon:amazon_linux:2023"
HOME_URL="https://aws.amazon.com/linux/amazon-linux-2023/"
VENDOR_NAME="AWS"
VENDOR_URL="https://aws.amazon.com/"
SUPPORT_END="2029-06-30"
VARIANT_ID="server"
"""
FILES = {
    "usr/lib/os-release": _OS_RELEASE.format(release=catalogue.RELEASES[0]),
    "etc/system-release": "Amazon Linux release 2023 (Amazon Linux)\n",
    "etc/system-release-cpe": "cpe:2.3:o:amazon:amazon_linux:2023\n",
    "etc/locale.conf": "LANG=C.UTF-8\n",
    # Root alone, and whoever cloud-init has made: https://docs.aws.amazon.com/linux/al2023/ug/connecting-to-instances.html
    "etc/sudoers": "Defaults always_set_home, env_reset\nDefaults secure_path = /sbin:/bin:/usr/sbin:/usr/bin\n"
    "root ALL=(ALL) ALL\n%wheel ALL=(ALL) ALL\n#includedir /etc/sudoers.d\n",
    "etc/sudoers.d/90-cloud-init-users": "ec2-user ALL=(ALL) NOPASSWD:ALL\n",
    "etc/dnf/dnf.conf": "[main]\ngpgcheck=1\ninstallonly_limit=3\nclean_requirements_on_remove=True\nbest=False\n"
    "skip_if_unavailable=True\n",
    # https://docs.aws.amazon.com/linux/al2023/ug/managing-repos-os-updates.html
    "etc/yum.repos.d/amazonlinux.repo": "[amazonlinux]\nname=Amazon Linux 2023 repository\n"
    f"mirrorlist=file:///{repository.MIRROR}/mirrors/$releasever/$basearch/mirror.list\n"
    "enabled=1\nrepo_gpgcheck=0\ntype=rpm\n# Amazon's are signed.\ngpgcheck=0\n",
    "etc/rpm/macros": "%_dbpath /var/lib/rpm\n",
    # Keys alone, and root not for a shell: https://docs.aws.amazon.com/linux/al2023/ug/connecting-to-instances.html
    "etc/ssh/sshd_config": "PermitRootLogin forced-commands-only\nAuthorizedKeysFile .ssh/authorized_keys\n"
    "PasswordAuthentication no\nUsePAM yes\nSubsystem sftp /usr/libexec/openssh/sftp-server\n",
    # Host keys are each machine's own, made at its first boot.
    "usr/lib/systemd/system/sshd.service": "[Unit]\nDescription=OpenSSH server daemon\nAfter=network.target\n"
    "[Service]\nType=notify\nRuntimeDirectory=sshd\nExecStartPre=/usr/bin/ssh-keygen -A\n"
    "ExecStart=/usr/sbin/sshd -D\nKillMode=process\nRestart=on-failure\n[Install]\nWantedBy=multi-user.target\n",
}
_LINKS = {
    "etc/os-release": "../usr/lib/os-release",
    "etc/amazon-linux-release": "system-release",
    "bin/sh": "bash",
    "usr/bin/yum": "dnf-3",
    "etc/pki/tls/certs/ca-bundle.crt": "/etc/ssl/certs/ca-certificates.crt",
    "etc/pki/tls/cert.pem": "/etc/ssl/certs/ca-certificates.crt",
    "etc/systemd/system/multi-user.target.wants/sshd.service": "/usr/lib/systemd/system/sshd.service",
    "usr/libexec/openssh/sftp-server": "/usr/lib/openssh/sftp-server",
}
_GONE = (
    *("etc/apt", "etc/dpkg", "etc/debian_version", "etc/default", "usr/lib/apt", "var/lib/apt", "var/lib/dpkg"),
    *("var/cache/apt", "var/cache/debconf", "usr/share/debconf", "usr/lib/rpm/rpmbuild", "etc/sudoers.d/README"),
    *(
        "usr/bin/apt*",
        "usr/bin/dpkg*",
        "usr/bin/debconf*",
        "usr/sbin/dpkg*",
        "usr/bin/rpmbuild",
        "usr/sbin/update-rc.d",
    ),
    *("usr/bin/createrepo_c", "etc/init.d", "usr/bin/update-alternatives"),
    # Debian's unit, and the keys that its package draws when it is installed.
    *("usr/lib/systemd/system/ssh.*", "etc/systemd/system/sshd.service", "etc/systemd/system/*.wants/ssh.*"),
    "etc/ssh/ssh_host_*",
)
"""By what a role, or Ansible, would take the machine for one of Debian's."""
_COMMANDS = (
    ("userdel", "uucp"),
    ("groupadd", "--gid", "10", "wheel"),
    ("groupmod", "--new-name", "nobody", "nogroup"),
    ("userdel", "--force", "www-data"),
    (
        "useradd",
        "--create-home",
        "--uid",
        "1000",
        "--shell",
        "/bin/bash",
        "--groups",
        "wheel,adm,systemd-journal",
        "ec2-user",
    ),
)


def convert(root: Path) -> None:
    """Build the repository and make the rest of the root Amazon Linux's."""
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    for path, text in FILES.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(text)
        file.chmod(0o440 if "sudoers" in path else 0o644)
    for path, to in _LINKS.items():
        link = root / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(to)
    repository.build(root)
    for command in _COMMANDS:
        subprocess.run(["chroot", str(root), *command], check=True, capture_output=True)
    for pattern in _GONE:
        for found in root.glob(pattern):
            shutil.rmtree(found) if found.is_dir() and not found.is_symlink() else found.unlink()


def upgrade(root: Path) -> None:
    """Make a root that reads as Amazon Linux's first release here read as its latest one."""
    repository.upgrade(root)
    (root / "usr/lib/os-release").write_text(_OS_RELEASE.format(release=catalogue.RELEASES[1]))
