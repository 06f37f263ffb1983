# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes after which the load balancer's targets are not healthy (the third stumbling block), and others at it."""

from __future__ import annotations

from lab.faults import changes
from lab.faults.fault import fault
from lab.faults.site import Site


@fault(3)
def balancer_not_admitted(site: Site) -> None:
    """Remove the rule that admits the load balancer to the machines."""
    changes.close(site, "web", "ingress", 80)


@fault(3, one_machine=True)
def httpd_down(site: Site) -> None:
    """Stop and disable the web server on one machine."""
    changes.stop_service(site, site.machine_id, "apache2")


@fault(3)
def health_path_404(site: Site) -> None:
    """Let the target group check a path that is not there."""
    changes.set_target_group(site, HealthCheckPath="/healthz")
