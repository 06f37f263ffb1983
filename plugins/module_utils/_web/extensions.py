# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""PHP's extensions by PHP's own names, and the packages that bring them."""

from __future__ import annotations

import difflib
import typing as t

from .._settings.error import SettingsError
from .systems import System

BUILT_IN: t.Final = ""
"""Part of what php-fpm itself depends on."""


class Packaging(t.NamedTuple):
    """How an extension is packaged: the end of a package's name, `BUILT_IN`, or None if nobody packages it."""

    debian: str | None
    redhat: str | None
    pecl: bool = False
    """Whether it comes from PECL, so that Debian's package bears no version of PHP and Red Hat's bears `pecl`."""
    last: str | None = None
    """The last version of PHP that is shipped with it."""
    amazon_only: bool = False
    """Whether, of Red Hat's family, Amazon Linux alone packages it."""


def _same(*names: str, **more: t.Any) -> dict[str, Packaging]:
    return {name: Packaging(name, name, **more) for name in names}


def _in(debian: str | None, redhat: str | None, *names: str) -> dict[str, Packaging]:
    return {name: Packaging(debian, redhat) for name in names}


# Debian's packages: https://packages.debian.org/source/bookworm/php8.2. Red Hat's family follows Fedora's
# (https://src.fedoraproject.org/rpms/php): some extensions share a package, some are in php-common.
EXTENSIONS: t.Final[t.Mapping[str, Packaging]] = {
    **_in(BUILT_IN, BUILT_IN, "calendar", "core", "ctype", "date", "exif", "fileinfo", "filter", "ftp", "gettext"),
    **_in(BUILT_IN, BUILT_IN, "hash", "iconv", "json", "libxml", "openssl", "pcre", "phar", "random", "readline"),
    **_in(BUILT_IN, BUILT_IN, "reflection", "session", "sockets", "spl", "standard", "tokenizer", "zlib"),
    **_in(BUILT_IN, "process", "pcntl", "posix", "shmop", "sysvmsg", "sysvsem", "sysvshm"),
    **_in("xml", "xml", "dom", "simplexml", "xml", "xmlreader", "xmlwriter", "xsl"),
    **_in("mysql", "mysqlnd", "mysqli", "mysqlnd", "pdo_mysql"),
    **_in("pgsql", "pgsql", "pgsql", "pdo_pgsql"),
    **_in("sqlite3", "pdo", "sqlite3", "pdo_sqlite"),
    **_in("odbc", "odbc", "odbc", "pdo_odbc"),
    **_in("sybase", None, "pdo_dblib"),
    **_in("interbase", None, "pdo_firebird"),
    **_in(BUILT_IN, "pdo", "pdo"),
    **_in(BUILT_IN, "ffi", "ffi"),
    **_in("curl", BUILT_IN, "curl"),
    **_in("bz2", BUILT_IN, "bz2"),
    **_same("bcmath", "dba", "enchant", "gd", "gmp", "intl", "ldap", "mbstring", "opcache", "snmp", "soap"),
    "sodium": Packaging(BUILT_IN, "sodium", amazon_only=True),
    "tidy": Packaging("tidy", "tidy", amazon_only=True),
    "zip": Packaging("zip", "zip"),
    "imap": Packaging("imap", None, last="8.3"),
    "pspell": Packaging("pspell", "pspell", last="8.3"),
    **_same("apcu", pecl=True),
    **_same("igbinary", "msgpack", pecl=True, amazon_only=True),
    "redis": Packaging("redis", "redis6", pecl=True, amazon_only=True),
    "memcached": Packaging("memcached", "memcached", pecl=True, amazon_only=True),
    **{
        name: Packaging(name, None, pecl=True)
        for name in (
            *("amqp", "ast", "ds", "gnupg", "imagick", "mailparse", "maxminddb", "mongodb", "oauth", "pcov", "rrd"),
            *("solr", "ssh2", "uploadprogress", "uuid", "xdebug", "yaml"),
        )
    },
}
"""By the names that `php -m` shows, in small letters."""

_MEMCACHED_SINCE = "8.3"
"""Amazon Linux packages it for this version and later (its release notes of 2023.10)."""
_OPCACHE_INSIDE = "8.5"
"""https://wiki.php.net/rfc/make_opcache_required"""


def known(name: str) -> str:
    """Return an extension's name as it is kept here; refuse one that nobody packages."""
    lowered = name.lower().replace("zend opcache", "opcache")
    if lowered in EXTENSIONS:
        return lowered
    close = difflib.get_close_matches(lowered, EXTENSIONS, 1)
    hint = f"did you mean {close[0]}? Else" if close else "write it as `php -m` does, or"
    raise SettingsError(
        f"site_php.extensions names {name!r}, which no system has in a package that the role web knows; "
        f"{hint} name its package in site_packages."
    )


def package_of(name: str, system: System, version: str) -> str | None:
    """Return the package that brings an extension, None if it needs none; refuse what the system lacks."""
    packaging = EXTENSIONS[name]
    end = packaging.debian if system.family == "Debian" else _red_hat(name, packaging, system, version)
    if end is None or (packaging.last and version > packaging.last):
        raise SettingsError(
            f"site_php.extensions names {name!r}, which {system.title} does not package for PHP {version}; "
            "leave it out, or name a package that has it in site_packages."
        )
    if end == BUILT_IN or (name == "opcache" and version >= _OPCACHE_INSIDE):
        return None
    if packaging.pecl and system.family == "Debian":
        return f"php-{end}"
    return system.prefix.format(version=version) + end


def _red_hat(name: str, packaging: Packaging, system: System, version: str) -> str | None:
    amazon = system.title.startswith("Amazon")
    if packaging.amazon_only and not amazon:
        return None
    if name == "memcached" and version < _MEMCACHED_SINCE:
        return None
    if name == "zip" and not amazon:
        return "pecl-zip"
    return f"pecl-{packaging.redhat}" if packaging.pecl and packaging.redhat else packaging.redhat


def packages_of(names: t.Iterable[str], system: System, version: str) -> list[str]:
    """Return the packages of extensions, each once, sorted."""
    return sorted({found for found in (package_of(name, system, version) for name in names) if found})
