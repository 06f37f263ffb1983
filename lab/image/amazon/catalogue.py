# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of the lab's repository, by Amazon Linux 2023's names. Pure.

Names and versions: https://docs.aws.amazon.com/linux/al2023/release-notes/all-packages.html, of PHP's also
https://docs.aws.amazon.com/linux/al2023/ug/php.html. Amazon builds its packages of httpd and PHP after Fedora's, which
the paths and defaults are taken from: https://src.fedoraproject.org/rpms/httpd, https://src.fedoraproject.org/rpms/php.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.image.amazon.packages import Rpm, Take

RELEASES = ("2023.12.20260930", "2023.12.20261026")
"""The release of the image, and the one that is the latest: a machine stays at its own until told otherwise.

https://docs.aws.amazon.com/linux/al2023/ug/deterministic-upgrades.html
"""

AGENT_VERSION = "3.3.2299.0"

DEBIAN_PHP = "8.2"
"""What is really in the packages of every version of PHP: Debian 12 has one."""
PHP_VERSIONS = {"8.1": "8.1.33", "8.2": "8.2.29", "8.3": "8.3.24", "8.4": "8.4.11", "8.5": "8.5.0"}
_PHP_API = "20220829"
_MODULES = "usr/lib64/httpd/modules"

# What Amazon's image has already. Their files are Debian's and in the image: these are names that packages may require.
_INSTALLED = {
    "awscli-2": "2.27.43", "bash": "5.2.15", "ca-certificates": "2023.2.68", "coreutils-single": "8.32",
    "curl-minimal": "8.11.1",
    "dnf": "4.14.0", "gnupg2-minimal": "2.3.7", "iproute": "6.10.0", "less": "608", "openssh-server": "8.7p1",
    "openssl": "3.2.2",
    "python3": "3.9.24", "python3-libs": "3.9.24", "rpm": "4.16.1.3", "shadow-utils": "4.9", "sudo": "1.9.15",
    "systemd": "252.23", "tzdata": "2025b", "unzip": "6.0", "util-linux": "2.37.4",
}  # fmt: skip


def _extensions(debian: str, *names: str, order: int = 20) -> tuple[tuple[str, str, int], ...]:
    return tuple((debian, name, order) for name in names)


# The last part of a package's name, and of which package of Debian's it has which extensions.
_COMMON = (
    *("calendar", "ctype", "exif", "fileinfo", "ftp", "gettext", "iconv", "phar", "sockets", "tokenizer"),
)  # fmt: skip
_PHP = f"php{DEBIAN_PHP}"
_EXTENSIONS: dict[str, tuple[tuple[str, str, int], ...]] = {
    "common": (
        *_extensions(f"{_PHP}-common", *_COMMON),
        *_extensions(f"{_PHP}-curl", "curl"),
        *_extensions(f"{_PHP}-bz2", "bz2"),
    ),
    "cli": _extensions(f"{_PHP}-readline", "readline"),
    "process": _extensions(f"{_PHP}-common", "posix", "shmop", "sysvmsg", "sysvsem", "sysvshm"),
    "pdo": (
        *_extensions(f"{_PHP}-common", "pdo"),
        *_extensions(f"{_PHP}-sqlite3", "sqlite3"),
        *_extensions(f"{_PHP}-sqlite3", "pdo_sqlite", order=30),
    ),
    "mysqlnd": (
        *_extensions(f"{_PHP}-mysql", "mysqlnd"),
        *_extensions(f"{_PHP}-mysql", "mysqli", "pdo_mysql", order=30),
    ),
    "pgsql": (*_extensions(f"{_PHP}-pgsql", "pgsql"), *_extensions(f"{_PHP}-pgsql", "pdo_pgsql", order=30)),
    "xml": (
        *_extensions(f"{_PHP}-xml", "dom", "simplexml", "xml", "xmlwriter"),
        *_extensions(f"{_PHP}-xml", "xmlreader", "xsl", order=30),
    ),
    "ffi": _extensions(f"{_PHP}-common", "ffi"),
    "opcache": _extensions(f"{_PHP}-opcache", "opcache", order=10),
    **{
        name: _extensions(f"{_PHP}-{name}", name)
        for name in ("bcmath", "gd", "gmp", "intl", "ldap", "mbstring", "soap", "tidy", "zip")
    },
    "sodium": (),
    "pecl-apcu": _extensions(f"{_PHP}-apcu", "apcu", order=40),
    "pecl-igbinary": _extensions(f"{_PHP}-igbinary", "igbinary", order=40),
    "pecl-redis6": _extensions(f"{_PHP}-redis", "redis", order=50),
}
_NEEDS = {"mysqlnd": ("pdo",), "pgsql": ("pdo",), "pecl-redis6": ("pecl-igbinary",)}


def _system_release(release: str) -> Rpm:
    """Return what tells dnf the release that a machine keeps to."""
    return Rpm(
        "system-release",
        release,
        provides=(f"system-release(releasever) = {release}", "amazon-linux-release"),
        release="0.amzn2023",
    )


def installed() -> tuple[Rpm, ...]:
    """Return what the image has from the beginning."""
    paths = {"bash": ("/bin/sh", "/bin/bash"), "python3": ("/usr/bin/python3",)}
    named = (Rpm(name, version, provides=paths.get(name, ())) for name, version in _INSTALLED.items())
    return (_system_release(RELEASES[0]), Rpm("amazon-ssm-agent", AGENT_VERSION), *named)


ADVISORIES = {"ALAS2023-2026-1001": "openssl"}
"""Security updates of the latest release, by the names that Amazon gives them: https://alas.aws.amazon.com/alas2023.html"""


def updates() -> tuple[Rpm, ...]:
    """Return what the latest release has besides: a security update, one that is none, and its own name."""
    fixed = (Rpm(name, _INSTALLED[name], release="2.amzn2023.0.1") for name in ("openssl", "less"))
    return (_system_release(RELEASES[1]), *fixed)


def available() -> tuple[Rpm, ...]:
    """Return what can be installed by name."""
    return (*_httpd(), *_others(), *(rpm for version in PHP_VERSIONS for rpm in _php(version)))


def _httpd() -> Iterator[Rpm]:
    version = "2.4.65"
    yield Rpm(
        "httpd-filesystem",
        version,
        folders=(
            *("/etc/httpd/", "/etc/httpd/conf.d/", "/usr/share/httpd/", "/usr/share/httpd/noindex/"),
            *("/var/www/", "/var/www/html/", "/var/www/cgi-bin/", "/usr/lib/systemd/system/httpd.service.d/"),
        ),
        before=(
            "getent group apache >/dev/null || groupadd -g 48 -r apache\n"
            "getent passwd apache >/dev/null || useradd -r -u 48 -g apache -s /sbin/nologin -d /usr/share/httpd "
            "-c Apache apache"
        ),
    )
    yield Rpm("httpd-tools", version, (Take("apache2-utils", "usr/bin/*", "usr/bin/"),))
    yield Rpm("mailcap", "2.1.49", (Take("media-types", "etc/mime.types", "etc/mime.types"),))
    yield Rpm(
        "httpd-core",
        version,
        (
            Take("apache2-bin", "usr/sbin/apache2", "usr/libexec/httpd/httpd"),
            Take("apache2-bin", "usr/lib/apache2/modules/*", f"{_MODULES}/"),
            Take("apache2-data", "usr/share/apache2/icons", "usr/share/httpd/icons"),
            Take("apache2-data", "usr/share/apache2/error", "usr/share/httpd/error"),
            Take("apache2", "etc/apache2/magic", "etc/httpd/conf/magic"),
        ),
        requires=(f"httpd-filesystem = {version}", f"httpd-tools = {version}", "mailcap"),
        links={
            "/etc/httpd/logs": "/var/log/httpd",
            "/etc/httpd/modules": f"/{_MODULES}",
            "/etc/httpd/run": "/run/httpd",
            "/etc/httpd/state": "/var/lib/httpd",
        },
        folders=("/var/log/httpd/", "/var/cache/httpd/", "/var/lib/httpd/", "/etc/httpd/conf.modules.d/"),
        after="systemd-tmpfiles --create httpd.conf || :",
    )
    for name in ("mod_http2", "mod_lua"):
        yield Rpm(name, version, requires=(f"httpd-core = {version}",))
    yield Rpm(
        "httpd",
        version,
        requires=(f"httpd-core = {version}", "mod_http2", f"mod_lua = {version}", "system-release"),
        provides=("webserver", "httpd-mmn = 20120211"),
    )


def _others() -> Iterator[Rpm]:
    yield Rpm("nginx-filesystem", "1.28.0", folders=("/etc/nginx/", "/etc/nginx/conf.d/", "/etc/nginx/default.d/"))
    yield Rpm("nftables", "1.0.4", (Take("nftables", "usr/sbin/nft", "usr/sbin/nft"),))
    # https://github.com/amazonlinux/amazon-linux-2023/issues/704 has the version, and what it conflicts with.
    modules = "usr/lib/python3/dist-packages"
    yield Rpm(
        "python3-boto3",
        "1.33.6",
        (Take("python3-boto3", f"{modules}/boto3", f"{modules}/boto3"),),
        conflicts=("awscli-2 < 2.13.29",),
    )
    # Debian's is in the image, for the lab's agent.
    yield Rpm("python3-cryptography", "36.0.1")
    yield Rpm("stunnel", "5.58", (Take("stunnel4", "usr/bin/stunnel4", "usr/bin/stunnel"),))
    # The kernel here may have no NFS client: the lab's own helper mounts, once this package is there.
    yield Rpm("nfs-utils", "2.5.4", files={"/etc/nfsmount.conf": "[ NFSMount_Global_Options ]\n"})
    yield Rpm(
        "amazon-efs-utils",
        "2.3.1",
        requires=("nfs-utils", "stunnel", "openssl", "python3"),
        folders=("/var/log/amazon/", "/var/log/amazon/efs/"),
    )


def _php(version: str) -> Iterator[Rpm]:
    """Yield the packages of one version of PHP, which exclude those of another version.

    Amazon's bear the version in their names and provide the unversioned names:
    https://docs.aws.amazon.com/linux/al2023/ug/php.html
    """
    number, prefix = PHP_VERSIONS[version], f"php{version}"
    following = f"{version[0]}.{int(version[2:]) + 1}"
    common = f"{prefix}-common = {number}"

    def package(end: str, takes: tuple[Take, ...] = (), **more: tuple[str, ...]) -> Rpm:
        extensions = _EXTENSIONS.get(end, ())
        excluding = end in ("common", "cli", "process", "xml")
        return Rpm(
            f"{prefix}-{end}",
            number,
            (
                *takes,
                *(
                    Take(of, f"usr/lib/php/{_PHP_API}/{name}.so", f"usr/lib/php/{_PHP_API}/")
                    for of, name, _ in extensions
                ),
            ),
            requires=(
                *(() if end == "common" else (common,)),
                *(f"{prefix}-{module}" for module in _NEEDS.get(end, ())),
                *more.get("requires", ()),
            ),
            provides=(f"php-{end} = {number}", *more.get("provides", ())),
            conflicts=(f"php-{end} < {version}", f"php-{end} >= {following}") if excluding else (),
            files={
                f"/etc/php.d/{order}-{name}.ini": f"{'zend_' if name == 'opcache' else ''}extension={name}\n"
                for _, name, order in extensions
            },
            folders=more.get("folders", ()),
            tree=f"php-{end}",
        )

    fpm = Take(f"{_PHP}-fpm", f"usr/sbin/php-fpm{DEBIAN_PHP}", "usr/sbin/php-fpm")
    cli = Take(f"{_PHP}-cli", f"usr/bin/php{DEBIAN_PHP}", "usr/bin/php")
    yield package("cli", (cli,))
    yield package(
        "fpm",
        (fpm,),
        requires=("httpd-filesystem >= 2.4.10", "nginx-filesystem"),
        provides=("php(httpd)",),
        folders=("/etc/php-fpm.d/", "/var/log/php-fpm/", "/usr/lib/systemd/system/php-fpm.service.d/"),
    )
    for end in _EXTENSIONS.keys() - {"cli"}:
        yield package(end, folders=("/etc/php.d/", "/var/lib/php/") if end == "common" else ())
