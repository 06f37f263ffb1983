# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes on the machines after which visitors get other pages, or none (the sixth stumbling block, and others)."""

from __future__ import annotations

from lab.faults import changes, steps
from lab.faults.fault import fault
from lab.faults.site import PHP, WEB, Site

_SITE_FILE = "/etc/apache2/sites-available/site.conf"
_HEALTH_PAGE = "/usr/local/share/hasite/health.php"
_PHP_SETTINGS = "/etc/php/8.2/fpm/conf.d/90-site.ini"
_SERVED = "/srv/site/current"
_RELOAD = ("systemctl", "reload", WEB)


@fault(3)
def health_page_500(site: Site) -> None:
    """Put a health page with a slip of the pen on the machines: PHP answers 500."""
    for machine in site.machine_ids:
        changes.edit(site, machine, _HEALTH_PAGE, lambda page: page.replace("trouble();", "troubel();"))


@fault(6, one_machine=True)
def local_files_served(site: Site) -> None:
    """Copy the site to the local disk of one machine, serve it from there, and correct a line in it."""
    _serve(site, "/var/www/site")


@fault(6, one_machine=True)
def releases_differ(site: Site) -> None:
    """Put another release onto the share and let one machine serve it, past the link to the current one."""
    _serve(site, "/srv/site/releases/20991231T000000Z-000000000000")


@fault(None, one_machine=True)
def php_fpm_down(site: Site) -> None:
    """Stop and disable PHP on one machine."""
    changes.stop_service(site, site.machine_id, PHP)


@fault(None)
def health_behind_redirect(site: Site) -> None:
    """Redirect everything to HTTPS on the machines too, where TLS has ended: the health page answers 301."""
    enforce, url = "/etc/apache2/conf-enabled/force-https.conf", f"https://{site.domain}/"
    for machine in site.machine_ids:
        site.to_mend(steps.run, machine, *_RELOAD)
        site.to_mend(steps.run, machine, "rm", "-f", enforce)
        steps.write(site, machine, enforce, f"Redirect permanent / {url}\n", *_RELOAD)


@fault(None)
def keep_alive_too_short(site: Site) -> None:
    """Make the web servers close idle connections after 5 s, long before the load balancer does."""
    for machine in site.machine_ids:
        changes.edit(site, machine, _SITE_FILE, lambda text: _set(text, "KeepAliveTimeout ", "5"), *_RELOAD)


@fault(None)
def opcache_stale(site: Site) -> None:
    """Stop PHP from looking whether a file has changed: a new release is not seen."""
    for machine in site.machine_ids:
        changes.edit(
            site,
            machine,
            _PHP_SETTINGS,
            lambda text: _set(text, "opcache.validate_timestamps = ", "0"),
            *("systemctl", "reload", PHP),
        )


def _serve(site: Site, folder: str) -> None:
    """Serve a changed copy of the site from another folder on one machine."""
    machine = site.machine_id
    site.to_mend(steps.run, machine, "rm", "-rf", folder)
    site.run(machine, "cp", "-rL", _SERVED, folder)
    site.run(machine, "sh", "-c", f"echo '<!-- corrected -->' >> {folder}/index.php")
    changes.edit(site, machine, _SITE_FILE, lambda text: text.replace(_SERVED, folder), *_RELOAD)


def _set(text: str, name: str, value: str) -> str:
    """Return a configuration with one of its settings changed."""
    lines = text.splitlines()
    return "\n".join(name + value if line.startswith(name) else line for line in lines) + "\n"
