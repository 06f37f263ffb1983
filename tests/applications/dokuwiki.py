# SPDX-License-Identifier: GPL-3.0-or-later
"""A stranger's application: DokuWiki as Debian packages it, put together again as its authors ship it.

Debian spreads the wiki over its own folders and adds `inc/preload.php`, which points there. Without that file the wiki
looks for `conf` and `data` beside its programs, as everywhere else.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

PACKAGE = "dokuwiki"
# What Debian took out of the wiki and packages by itself.
PACKAGES = (
    *("libphp-simplepie", "php-geshi", "php-phpseclib"),
    *("libjs-jquery", "libjs-jquery-ui", "libjs-jquery-cookie"),
)
_SAVED = "<?php\n// Debian's conf/dokuwiki.php names a folder of Debian's.\n$conf['savedir'] = './data';\n"


def unpack(folder: Path, *packages: str) -> Path:
    """Download packages with the machine's package manager and return the folder of their files."""
    download = ["apt-get", "-o", "APT::Sandbox::User=root", "download", *packages]
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run(download, cwd=folder, capture_output=True, check=False).returncode:
        subprocess.run(["apt-get", "-qq", "update"], check=True, capture_output=True)
        subprocess.run(download, cwd=folder, check=True, capture_output=True)
    for archive in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", archive, folder / "root"], check=True, capture_output=True)
    return folder / "root"


def assemble(folder: Path) -> Path:
    """Return the folder of a complete wiki; what is there already is used again."""
    wiki = folder / "wiki"
    if wiki.is_dir():
        return wiki
    shutil.rmtree(folder, ignore_errors=True)
    root = unpack(folder / "package", PACKAGE)
    making = folder / "making"
    shutil.copytree(root / "usr/share/dokuwiki", making, symlinks=True, ignore=shutil.ignore_patterns("preload.php"))
    (making / ".htaccess").unlink()
    for name in ("tpl", "plugins"):
        (making / "lib" / name).unlink()
        shutil.copytree(root / "var/lib/dokuwiki/lib" / name, making / "lib" / name)
    shutil.copytree(root / "var/lib/dokuwiki/data", making / "data")
    # The accounts are links into Debian's folders; the wiki's own set-up page makes new ones.
    shutil.copytree(
        root / "etc/dokuwiki", making / "conf", ignore=shutil.ignore_patterns("acl.auth.php", "users.auth.php")
    )
    (making / "conf/local.protected.php").write_text(_SAVED)
    making.rename(wiki)
    return wiki


def complete(wiki: Path, folder: Path) -> None:
    """Put the libraries into a wiki that Debian packages apart, for other systems; a new folder takes the packages."""
    libraries = wiki / "vendor" / "debian"
    needless = shutil.ignore_patterns("doc", "doc-base", "pkg-php-tools")
    shutil.copytree(unpack(folder, *PACKAGES) / "usr/share", libraries, ignore=needless)
    for program in wiki.rglob("*.php"):
        text = program.read_bytes()
        if b"'/usr/share/" in text and libraries not in program.parents:
            up = "/.." * (len(program.relative_to(wiki).parents) - 1)
            program.write_bytes(text.replace(b"'/usr/share/", f"__DIR__ . '{up}/vendor/debian/".encode()))
