#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell who reaches whom in VPCs, and what stands in the way."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reachability_info
version_added: 0.1.0
short_description: Tell whether packets get from here to there in a VPC, or what stops them
description:
  - Follows a connection from a source to a destination and its answer back, and says yes, or names the first thing that
    stops it, such as a route, a network ACL, a security group, or a public address that is not there.
  - Judges from what the EC2 API describes. No packet is sent, nothing is changed, and nothing is charged.
  - Route tables are asked for the longest prefix, network ACLs without state in either direction, and security groups
    with state. The answer must pass the network ACLs to the ports from which the source begins connections, which are
    32768 to 60999 of an instance with Linux, 49152 to 65535 of one with Windows, and 1024 to 65535 of everybody else.
  - Judges IPv4 only. What is behind a transit gateway, a VPN, an appliance or a load balancer is not judged, nor is
    what listens at the destination. The policies of endpoints, buckets and file systems are not looked at.
  - Needs the rights C(ec2:Describe*) and C(ec2:GetManagedPrefixListEntries). What may not be read is named in
    RV(unreadable), and the answers that depend on it are null.
options:
  source:
    description:
      - Who begins the connection.
      - V(internet), an address or a block of addresses, the ID of an instance, a network interface, a NAT gateway, a
        VPC endpoint, a mount target or a file system, or the ARN or the name of a load balancer, which means every
        node of it.
      - Of a load balancer, the connections are meant that its nodes begin. Of a Network Load Balancer that leaves the
        clients' addresses as they are, these are its health checks only.
      - V(internet) stands for somebody whom no rule singles out. Of a block, an address of each part is tried for which
        the rules differ.
    type: str
  destination:
    description:
      - Who is to be reached. Takes what O(source) takes, and the ID of a prefix list or the name of a service such as
        V(com.amazonaws.eu-west-1.ssm).
      - A file system is reached at the mount target in the source's availability zone, a load balancer for the internet
        at its public addresses, and a service at its VPC endpoint if there is one to which its name leads.
    type: str
  protocol:
    description:
      - The protocol. V(icmp) is an echo, V(all) means the other three.
    type: str
    choices: [tcp, udp, icmp, all]
    default: tcp
  port:
    description:
      - The destination's port. Without it, every port must be reachable. It does not count for V(icmp).
    type: int
  paths:
    description:
      - Several questions, for which the API is read once. Mutually exclusive with O(source) and O(destination).
    type: list
    elements: dict
    suboptions:
      source:
        description:
          - See O(source).
        type: str
        required: true
      destination:
        description:
          - See O(destination).
        type: str
        required: true
      protocol:
        description:
          - See O(protocol).
        type: str
        choices: [tcp, udp, icmp, all]
        default: tcp
      port:
        description:
          - See O(port).
        type: int
  vpc_ids:
    description:
      - The VPCs to read. By default all of the region.
    type: list
    elements: str
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes.info
  - hasite.aws._attributes.action_group
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Ask whether a machine reaches the internet
  hasite.aws.reachability_info:
    source: i-0123456789abcdef0
    destination: internet
    port: 443
  register: asked

- name: Say what stands in the way
  ansible.builtin.debug:
    msg: "{{ asked.reachability.explanation }}"

- name: Ask everything that a site needs at once
  hasite.aws.reachability_info:
    paths:
      - {source: internet, destination: shop, port: 443}
      - {source: shop, destination: i-0123456789abcdef0, port: 80}
      - {source: i-0123456789abcdef0, destination: fs-0123456789abcdef0, port: 2049}
      - {source: i-0123456789abcdef0, destination: com.amazonaws.eu-west-1.ssm, port: 443}
  register: asked

- name: Stop at the first one that is not so
  ansible.builtin.assert:
    that: item.reachable
    fail_msg: "{{ item.explanation }}"
  loop: "{{ asked.paths }}"
  loop_control:
    label: "{{ item.source }} to {{ item.destination }}"
"""

RETURN = r"""
reachability:
  description: The answer to the question.
  returned: when O(source) is given
  type: dict
  contains:
    source:
      description: The question's source.
      returned: always
      type: str
      sample: i-0123456789abcdef0
    destination:
      description: The question's destination.
      returned: always
      type: str
      sample: internet
    protocol:
      description: The question's protocol.
      returned: always
      type: str
      sample: tcp
    port:
      description: The question's port, or null.
      returned: always
      type: int
      sample: 443
    reachable:
      description:
        - Whether connections get there and their answers back. Null if that can't be told.
        - If the question means several network interfaces, all must be reachable, and the rest of the answer is about
          the first that is not.
      returned: always
      type: bool
      sample: false
    explanation:
      description: The answer in one sentence.
      returned: always
      type: str
      sample: "Route table rtb-0123456789abcdef0 of subnet subnet-0123456789abcdef0: it has no route to the internet."
    partly:
      description:
        - With RV(reachability.reachable=false), whether some connections do get an answer, depending on the port from
          which they begin.
      returned: always
      type: bool
      sample: false
    blocked_by:
      description: The hop that stops the packets, or null. It has the shape of RV(reachability.hops).
      returned: always
      type: dict
      sample: null
    source_interface:
      description: The network interface that sends, or an empty string.
      returned: always
      type: str
      sample: eni-0123456789abcdef0
    destination_interface:
      description: The network interface that was reached, or an empty string.
      returned: always
      type: str
      sample: ""
    destination_address:
      description: The address to which the packets go, or an empty string if the destination has none.
      returned: always
      type: str
      sample: 203.0.113.1
    hops:
      description: What was looked at, in the order in which packets meet it. The last one may be what stops them.
      returned: always
      type: list
      elements: dict
      contains:
        kind:
          description:
            - What it is. One of V(address), V(endpoint), V(instance), V(interface), V(internet_gateway),
              V(load_balancer), V(mount_target), V(nat_gateway), V(network_acl), V(peering_connection), V(prefix_list),
              V(resolver), V(route), V(security_group).
          returned: always
          type: str
          sample: route
        id:
          description: Its ID. Of a route, the ID of the route table. Of several security groups, the first one's.
          returned: always
          type: str
          sample: rtb-0123456789abcdef0
        name:
          description: Its name, or an empty string.
          returned: always
          type: str
          sample: shop-private-a
        passed:
          description: Whether it lets the packets pass. Null if that can't be told.
          returned: always
          type: bool
          sample: false
        explanation:
          description: What it does, in one sentence.
          returned: always
          type: str
          sample: "Route table rtb-0123456789abcdef0: 0.0.0.0/0 leads to nat-0123456789abcdef0."
        way:
          description: Whether the V(request) meets it or the V(answer).
          returned: always
          type: str
          sample: request
        direction:
          description: Which of its rules were asked, V(ingress) or V(egress). Otherwise an empty string.
          returned: always
          type: str
          sample: egress
        subnet_id:
          description: The subnet where it is, or an empty string.
          returned: always
          type: str
          sample: subnet-0123456789abcdef0
        zone:
          description: The availability zone where it is, or an empty string.
          returned: always
          type: str
          sample: eu-west-1a
        lost_ports:
          description: The ranges of ports that it does not let pass, where it lets others pass.
          returned: always
          type: list
          elements: list
          sample: []
paths:
  description: The answers to the questions, in their order. Each has the shape of RV(reachability).
  returned: when O(paths) is given
  type: list
  elements: dict
  sample: []
unreadable:
  description: What could not be read, and why.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: What could not be read.
      returned: always
      type: str
      sample: network_acls
    error:
      description: The error.
      returned: always
      type: str
      sample: "UnauthorizedOperation: You are not authorized to perform this operation."
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._network_reading import read
from ansible_collections.hasite.aws.plugins.module_utils._reachability.ends import QuestionError
from ansible_collections.hasite.aws.plugins.module_utils._reachability.judging import PROTOCOLS, Question, judge

_TRAFFIC = {"protocol": {"type": "str", "choices": list(PROTOCOLS), "default": "tcp"}, "port": {"type": "int"}}
_REQUIRED = {"type": "str", "required": True}
ARGUMENTS = {
    "source": {"type": "str"},
    "destination": {"type": "str"},
    **_TRAFFIC,
    "paths": {
        "type": "list",
        "elements": "dict",
        "options": {"source": _REQUIRED, "destination": _REQUIRED, **_TRAFFIC},
    },
    "vpc_ids": {"type": "list", "elements": "str"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_one_of=[("source", "paths")],
        required_together=[("source", "destination")],
        mutually_exclusive=[("source", "paths"), ("destination", "paths")],
    )
    params = module.params
    one = {key: params[key] for key in ("source", "destination", *_TRAFFIC)}
    model = read(module.client("ec2"), params["vpc_ids"])
    verdicts: list[object] = []
    try:
        for query in [one] if params["source"] else params["paths"]:
            verdicts.append(judge(model, Question(**query)).as_dict())
    except QuestionError as error:
        module.fail_json(msg=str(error))
    answer = {"reachability": verdicts[0]} if params["source"] else {"paths": verdicts}
    unreadable = [{"kind": kind, "error": error} for kind, error in sorted(model.unreadable.items())]
    module.exit_json(changed=False, unreadable=unreadable, **answer)


if __name__ == "__main__":
    main()
