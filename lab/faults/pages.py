# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes on the machines after which visitors get other pages, or none (the sixth stumbling block, and others)."""

from __future__ import annotations

import functools

from lab.faults import changes, steps
from lab.faults.fault import fault
from lab.faults.layout import Layout
from lab.faults.site import Site

_HEALTH_PAGE = "/usr/local/share/hasite/health.php"
_SERVED = "/srv/site/current"


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
    changes.stop_service(site, site.machine_id, site.layout().php)


@fault(None)
def health_behind_redirect(site: Site) -> None:
    """Redirect everything to HTTPS on the machines too, where TLS has ended: the health page answers 301."""
    url = f"https://{site.domain}/"
    for machine in site.machine_ids:
        layout = site.layout(machine)
        enforce = f"{layout.settings_folder}/force-https.conf"
        site.to_mend(steps.run, machine, *_reload(layout))
        site.to_mend(steps.run, machine, "rm", "-f", enforce)
        steps.write(site, machine, enforce, f"Redirect permanent / {url}\n", *_reload(layout))


@fault(None)
def keep_alive_too_short(site: Site) -> None:
    """Make the web servers close idle connections after 5 s, long before the load balancer does."""
    for machine in site.machine_ids:
        layout = site.layout(machine)
        short = functools.partial(_set, name="KeepAliveTimeout ", value="5")
        changes.edit(site, machine, layout.site_file, short, *_reload(layout))


@fault(None)
def opcache_stale(site: Site) -> None:
    """Stop PHP from looking whether a file has changed: a new release is not seen."""
    for machine in site.machine_ids:
        layout = site.layout(machine)
        blind = functools.partial(_set, name="opcache.validate_timestamps = ", value="0")
        changes.edit(site, machine, layout.php_settings, blind, "systemctl", "reload", layout.php)


def _serve(site: Site, folder: str) -> None:
    """Serve a changed copy of the site from another folder on one machine."""
    machine, layout = site.machine_id, site.layout()
    site.to_mend(steps.run, machine, "rm", "-rf", folder)
    site.run(machine, "cp", "-rL", _SERVED, folder)
    site.run(machine, "sh", "-c", f"echo '<!-- corrected -->' >> {folder}/index.php")
    changes.edit(site, machine, layout.site_file, lambda text: text.replace(_SERVED, folder), *_reload(layout))


def _reload(layout: Layout) -> tuple[str, ...]:
    return ("systemctl", "reload", layout.web)


def _set(text: str, name: str, value: str) -> str:
    """Return a configuration with one of its settings changed."""
    lines = text.splitlines()
    return "\n".join(name + value if line.startswith(name) else line for line in lines) + "\n"
