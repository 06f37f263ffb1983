# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a machine has its web server and PHP, whose names and places are its system's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """The units and files of one system."""

    web: str
    php: str
    site_file: str
    ports_file: str
    settings_folder: str
    """What lies here, Apache reads."""
    php_settings: str
    pools_folder: str


DEBIAN = Layout(
    web="apache2",
    php="php8.2-fpm",
    site_file="/etc/apache2/sites-available/site.conf",
    ports_file="/etc/apache2/ports.conf",
    settings_folder="/etc/apache2/conf-enabled",
    php_settings="/etc/php/8.2/fpm/conf.d/90-site.ini",
    pools_folder="/etc/php/8.2/fpm/pool.d",
)
AMAZON = Layout(
    web="httpd",
    php="php-fpm",
    site_file="/etc/httpd/conf.d/site.conf",
    ports_file="/etc/httpd/conf/httpd.conf",
    settings_folder="/etc/httpd/conf.d",
    php_settings="/etc/php.d/90-site.ini",
    pools_folder="/etc/php-fpm.d",
)


def layout_of(os_release: str) -> Layout:
    """Return the layout of a machine by its /etc/os-release."""
    return AMAZON if 'ID="amzn"' in os_release.splitlines() else DEBIAN
