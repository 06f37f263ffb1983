# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What Route 53 has fixed, and a failover depends on."""

from __future__ import annotations

HEALTHY_PERCENT = 18
"""A check is healthy if more than this share of its checkers says so
(https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html)."""
ALIAS_TTL = 60
"""An alias answers with its target's TTL in seconds, which can't be set: 60 for load balancers and distributions
(https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html)."""
