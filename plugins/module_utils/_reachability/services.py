# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What a VPC answers itself: names, instance metadata and the time. Pure.

Neither security groups nor network ACLs keep a machine from these:
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html ("Security group basics") and
https://docs.aws.amazon.com/vpc/latest/userguide/nacl-basics.html
"""

from __future__ import annotations

from ipaddress import IPv4Address

from .filters import TCP, UDP, Flow
from .model import Interface, Vpc
from .trail import Hop, Trace

METADATA, CLOCK, RESOLVER = map(IPv4Address, ("169.254.169.254", "169.254.169.123", "169.254.169.253"))
_NAMES = ((UDP, 53), (TCP, 53))
_ANSWERED = {METADATA: ((TCP, 80),), CLOCK: ((UDP, 123),), RESOLVER: _NAMES}


def answers(trail: Trace, flow: Flow, sender: Interface, to: IPv4Address) -> bool:
    """Tell whether the VPC itself answers an address, and look whether it does so for this flow."""
    vpc = trail.model.vpcs.get(sender.vpc_id)
    # The resolver has the primary block's base plus two: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
    answered = {**_ANSWERED, **({vpc.cidrs[0][2]: _NAMES} if vpc else {})}
    if to not in answered:
        return False
    if not all((flow.protocol, port) in answered[to] for port in flow.ports):
        trail.look(Hop("address", str(to), f"{to} does not answer {flow}.", passed=False))
    if answered[to] == _NAMES:
        trail.look(_resolver(vpc, to))
    instance = trail.model.instances.get(sender.instance_id)
    if to == METADATA and instance and not instance.metadata:
        sentence = f"The instance metadata service of {instance.id} is disabled."
        trail.look(Hop("instance", instance.id, sentence, passed=False, name=instance.name))
    return True


def _resolver(vpc: Vpc | None, to: IPv4Address) -> Hop:
    support = vpc.dns_support if vpc else None
    told = {True: "answers", False: "answers nobody, as DNS support is off", None: "may answer or not"}[support]
    return Hop("resolver", str(to), f"The resolver of VPC {vpc.id if vpc else 'unknown'} {told}.", support)
