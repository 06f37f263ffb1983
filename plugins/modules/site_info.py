#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a whole live site."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_info
version_added: 0.1.0
short_description: Read everything that belongs to a site, in one structure
description:
  - Fails if O(name) is not a name that a site can have, before anything is read. Patterns such as V(*) never are.
  - Fails at once, and in one sentence, if AWS does not answer, refuses the credentials, or has no such region.
  - Finds all resources of a site by their tags C(hasite:site) and C(hasite:part), or by name where a service has no
    tags, and returns them with their present state.
  - All services are asked at once.
  - Nothing found is an empty list or null, never a failure.
  - Fails if a service can not be read, for what is not seen would be taken for missing; see O(partial).
options:
  name:
    description:
      - The name of the site, the value of the tag C(hasite:site).
    type: str
    required: true
  domain:
    description:
      - The name that visitors type, in punycode. By default that of the site's certificates.
    type: str
  aliases:
    description:
      - Further names of the site, in punycode.
    type: list
    elements: str
    default: []
  zone:
    description:
      - The name or the ID of the hosted zone of O(domain), as long as no record there tells. By default, the zone with
        the longest name that holds it.
    type: str
  details:
    description:
      - Whether to ask also for what only a diagnosis needs, see RV(site.details). It takes a second round of questions.
    type: bool
    default: false
  partial:
    description:
      - Whether a site that can only be read in part is returned. What could not be read is named in
        RV(site.unreadable), and its resources are missing.
    type: bool
    default: false
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
- name: Read the site
  hasite.aws.site_info:
    name: shop
    domain: www.example.com
    region: ap-northeast-1
  register: read

- name: Show which machines are running
  ansible.builtin.debug:
    msg: "{{ read.site.instances | selectattr('state', 'eq', 'running') | map(attribute='instance_id') }}"
"""

RETURN = r"""
site:
  description:
    - The site. Every resource has C(tags), and C(part), the value of its tag C(hasite:part).
  returned: always
  type: dict
  contains:
    name:
      description: The name of the site.
      returned: always
      type: str
      sample: shop
    region:
      description: The region of the site.
      returned: always
      type: str
      sample: ap-northeast-1
    account_id:
      description: The account of the site.
      returned: if it may be read
      type: str
      sample: "123456789012"
    network:
      description: The network.
      returned: always
      type: dict
      contains:
        vpc:
          description: The VPC with C(vpc_id), C(cidr_block), C(tags). Null if there is none.
          returned: always
          type: dict
          sample: {vpc_id: vpc-0123456789abcdef0, cidr_block: 10.0.0.0/16}
        subnets:
          description:
            - The subnets with C(subnet_id), C(cidr_block), C(availability_zone), C(kind) (V(public) or V(private)),
              C(name), C(map_public_ip_on_launch).
            - A name with C(-public) or C(-private) tells the kind, else the route table does.
          returned: always
          type: list
          elements: dict
          sample: [{subnet_id: subnet-0123456789abcdef0, availability_zone: ap-northeast-1a, kind: public}]
        public_subnet_ids:
          description: The IDs of the public subnets, sorted by availability zone.
          returned: always
          type: list
          elements: str
          sample: [subnet-0123456789abcdef0]
        private_subnet_ids:
          description: The IDs of the private subnets, sorted by availability zone.
          returned: always
          type: list
          elements: str
          sample: [subnet-0123456789abcdef1]
        route_tables:
          description: The route tables with C(route_table_id), C(name), C(main), C(subnet_ids), C(routes).
          returned: always
          type: list
          elements: dict
          sample: []
        nat_gateways:
          description:
            - The NAT gateways that are not deleted, with C(nat_gateway_id), C(state), C(subnet_id), C(public_ip),
              C(allocation_id).
          returned: always
          type: list
          elements: dict
          sample: []
        elastic_ips:
          description: The elastic addresses with C(allocation_id), C(public_ip), C(association_id).
          returned: always
          type: list
          elements: dict
          sample: []
        internet_gateway:
          description: The internet gateway with C(internet_gateway_id), C(attached). Null if there is none.
          returned: always
          type: dict
          sample: {internet_gateway_id: igw-0123456789abcdef0, attached: true}
        endpoints:
          description:
            - The VPC endpoints with C(vpc_endpoint_id), C(service_name), C(vpc_endpoint_type), C(state),
              C(policy).
          returned: always
          type: list
          elements: dict
          sample: []
        flow_logs:
          description:
            - The flow logs with C(flow_log_id), C(flow_log_status), C(log_group_name), C(log_destination).
          returned: always
          type: list
          elements: dict
          sample: []
        network_interfaces:
          description:
            - All network interfaces in the VPC, with C(network_interface_id), C(description), C(status),
              C(subnet_id), C(groups), C(requester_managed). What still stands in the way of a deletion is seen here.
          returned: always
          type: list
          elements: dict
          sample: []
    security_groups:
      description:
        - The security groups with C(group_id), C(group_name), C(part), C(ip_permissions), C(ip_permissions_egress).
      returned: always
      type: list
      elements: dict
      sample: []
    security_groups_by_part:
      description: The IDs of the security groups by part.
      returned: always
      type: dict
      sample: {web: sg-0123456789abcdef0}
    instances:
      description:
        - The machines that are not terminated, sorted by name, with C(instance_id), C(name), C(host_name), C(state),
          C(availability_zone), C(subnet_id), C(private_ip_address), C(public_ip_address), C(instance_type),
          C(image_id), C(security_group_ids), C(iam_instance_profile_arn), C(launch_time), C(metadata_options),
          C(ssm_ping_status) and C(ssm_last_ping_date_time) (null if Systems Manager does not know the machine).
      returned: always
      type: list
      elements: dict
      sample: [{instance_id: i-0123456789abcdef0, state: running, ssm_ping_status: Online}]
    file_systems:
      description:
        - The file systems with C(file_system_id), C(life_cycle_state), C(encrypted), C(throughput_mode), C(dns_name),
          C(mount_targets).
      returned: always
      type: list
      elements: dict
      sample: []
    buckets:
      description: The buckets with C(name), C(region), C(part).
      returned: always
      type: list
      elements: dict
      sample: [{name: shop-content-123456789012, part: content}]
    load_balancer:
      description:
        - The load balancer with C(load_balancer_arn), C(dns_name), C(canonical_hosted_zone_id), C(state),
          C(security_groups), C(availability_zones), C(listeners), and C(maintenance), whether its rules give visitors a
          planned page. Null if there is none.
      returned: always
      type: dict
      sample: null
    target_groups:
      description:
        - The target groups with C(target_group_arn), C(target_group_name), the settings of the health check, and
          C(targets) with C(id), C(port), C(state), C(reason), C(description).
      returned: always
      type: list
      elements: dict
      sample: []
    names:
      description:
        - The names with C(name), C(kind), C(zone_id) and C(zone_name), which are null if the account has no zone that
          holds the name.
        - The kinds are V(domain), V(alias), and V(former) for a name that is not asked for but whose records lead to
          the site.
        - A name's zone is the one that has its failover records or the record that validates its certificate. Whether
          the world is delegated to it, M(hasite.aws.dns_delegation_info) tells.
      returned: always
      type: list
      elements: dict
      sample: [{name: www.example.com, kind: domain, zone_id: Z0123456789ABCDEFGHIJ, zone_name: example.com}]
    hosted_zone:
      description:
        - The hosted zone of the domain with C(id), C(name), C(name_servers), C(records), and C(ours), whether the site
          has created it. Null if there is none.
      returned: always
      type: dict
      sample: null
    hosted_zones:
      description:
        - The hosted zones of all names, those that the site has created or uses for names of its certificates, and
          those of the account that delegate to one of them, as RV(site.hosted_zone).
        - A child zone comes before its parent.
      returned: always
      type: list
      elements: dict
      sample: []
    health_checks:
      description: The health checks with C(id), C(name), C(config), C(healthy), C(checkers), C(observations).
      returned: always
      type: list
      elements: dict
      sample: []
    certificates:
      description:
        - The certificates in both regions with C(certificate_arn), C(region), C(domain_name), C(status),
          C(subject_alternative_names), C(domain_validation_options), C(in_use_by), and C(records_of_others), the names
          of its validation records that certificates of the account without the site's tags need too.
      returned: always
      type: list
      elements: dict
      sample: []
    distributions:
      description:
        - The distributions with C(id), C(arn), C(domain_name), C(status), C(enabled), C(aliases), C(comment),
          C(geo_restriction) and C(geo_countries), and C(min_ttl) and C(default_ttl), which are null where a cache
          policy says it.
      returned: always
      type: list
      elements: dict
      sample: []
    origin_access_controls:
      description: The origin access controls that have exactly the names that the roles give.
      returned: always
      type: list
      elements: dict
      sample: []
    functions:
      description: The CloudFront functions that have exactly the names that the roles give.
      returned: always
      type: list
      elements: dict
      sample: []
    response_headers_policies:
      description: The response headers policies that have exactly the names that the roles give.
      returned: always
      type: list
      elements: dict
      sample: []
    log_groups:
      description:
        - The log groups in both regions with C(log_group_name), C(region), C(retention_in_days), C(kms_key_id).
      returned: always
      type: list
      elements: dict
      sample: []
    alarms:
      description: The alarms in both regions with C(alarm_name), C(region), C(state_value), C(state_reason).
      returned: always
      type: list
      elements: dict
      sample: []
    topics:
      description: The notification topics in both regions with C(topic_arn), C(region).
      returned: always
      type: list
      elements: dict
      sample: []
    dashboards:
      description: The dashboard that is named like the site.
      returned: always
      type: list
      elements: dict
      sample: []
    roles:
      description:
        - The IAM roles that have the site's tag and one of the names that the collection gives, with C(role_name),
          C(arn), C(instance_profiles), C(assume_role_policy), C(permissions_boundary_arn) (null without one).
      returned: always
      type: list
      elements: dict
      sample: []
    documents:
      description: The session documents with C(name), C(document_type), C(document_version).
      returned: always
      type: list
      elements: dict
      sample: []
    kms_keys:
      description:
        - The KMS keys of the site with C(alias), C(key_id), C(key_arn), C(key_state), C(region), also those to be
          deleted, and C(public_key), in PEM, which is null unless the key signs and is enabled.
      returned: always
      type: list
      elements: dict
      sample: []
    details:
      description:
        - What only a diagnosis needs. What could not be read is null, what is not there is empty.
      returned: always, null unless O(details=true)
      type: dict
      contains:
        dns_support:
          description: Whether the VPC's resolver answers.
          returned: if there is a VPC
          type: bool
          sample: true
        dns_hostnames:
          description: Whether the VPC gives names to what is in it.
          returned: if there is a VPC
          type: bool
          sample: true
        dhcp_name_servers:
          description: The name servers that machines in the VPC are told to use.
          returned: always
          type: list
          elements: str
          sample: [AmazonProvidedDNS]
        nat_gateways:
          description: All NAT gateways in the VPC, also those without the site's tags and those just deleted.
          returned: always
          type: list
          elements: dict
          sample: []
        paths:
          description:
            - The network paths that the site needs, with C(purpose) (V(session_manager), V(share), V(names),
              V(requests), V(visitors)), C(machine), C(source), C(destination), C(protocol), C(port), C(reachable),
              C(blocked_by), C(explanation) as M(hasite.aws.reachability_info) judges them.
          returned: always
          type: list
          elements: dict
          sample: []
        status_checks:
          description:
            - By the ID of the machine, the results of EC2's status checks, C(instance) and C(system), such as V(ok),
              V(impaired), V(initializing).
          returned: always
          type: dict
          sample: {i-0123456789abcdef0: {instance: ok, system: ok}}
        load_balancer_attributes:
          description: The attributes of the load balancer.
          returned: always
          type: dict
          sample: {idle_timeout.timeout_seconds: "60"}
        web_acl:
          description: The web ACL before the load balancer, with C(name) and C(default_action); empty without one.
          returned: always
          type: dict
          sample: {name: shop, default_action: allow}
        target_group_attributes:
          description: The attributes of each target group by its ARN.
          returned: always
          type: dict
          sample: {}
        listener_certificates:
          description: The ARNs of the certificates of each HTTPS listener by the listener's ARN, the default one first.
          returned: always
          type: dict
          sample: {}
        listener_rules:
          description:
            - The rules of each listener by its ARN, in the order in which they are tried, with C(priority),
              C(conditions), C(actions), C(is_default) and C(tags).
          returned: always
          type: dict
          sample: {}
        used_health_checks:
          description: Whether the health checks exist that the records of the names use, by ID.
          returned: always
          type: dict
          sample: {}
        contents:
          description:
            - By the name of the content bucket, the C(release) that it offers (null if none), and C(missing), the keys
              of the objects that this release lacks. C(problem) tells why its manifest could not be read.
          returned: always
          type: dict
          sample: {shop-content-123456789012: {release: 20270131T120000Z-0123456789ab, missing: []}}
        error_objects:
          description:
            - The pages of the custom error responses by C(BUCKET/KEY), with C(content_length) and C(content_type);
              empty for one that is not there.
          returned: always
          type: dict
          sample: {shop-error-page-123456789012/error/index.html: {content_length: 812, content_type: text/html}}
        file_system_policies:
          description: The policies by the ID of the file system.
          returned: always
          type: dict
          sample: {fs-0123456789abcdef0: {}}
        file_system_backups:
          description: Whether AWS Backup backs a file system up by itself, by the ID of the file system.
          returned: always
          type: dict
          sample: {fs-0123456789abcdef0: true}
        bucket_policies:
          description: The policies by the name of the bucket.
          returned: always
          type: dict
          sample: {shop-content-123456789012: {}}
        bucket_settings:
          description:
            - By the name of the bucket, its C(public_access_block), whether it keeps versions (C(versioning)), and its
              C(lifecycle_rules) as S3 has them.
          returned: always
          type: dict
          sample: {shop-content-123456789012: {versioning: true}}
        role_policies:
          description:
            - By the name of the role, C(attached), the ARNs of policies, C(own), documents by name, and C(boundary),
              the document of its permissions boundary (null without one).
          returned: always
          type: dict
          sample: {shop-web: {attached: [], own: {}, boundary: null}}
        zone_signing:
          description:
            - How each hosted zone is signed, its C(status) and its key-signing C(keys), by its ID, as
              M(hasite.aws.route53_zone_signing) returns them.
          returned: always
          type: dict
          sample: {Z0123456789ABCDEFGHIJ: {status: NOT_SIGNING, keys: []}}
        cache_policies:
          description: By ID, the cache policies that distributions use, with C(name), C(min_ttl), C(default_ttl).
          returned: always
          type: dict
          sample: {}
    unreadable:
      description: What could not be read, and why.
      returned: always
      type: list
      elements: dict
      contains:
        service:
          description: The service and the reading that failed.
          returned: always
          type: str
          sample: "efs: file systems"
        error:
          description: The error.
          returned: always
          type: str
          sample: AccessDeniedException
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._asking import unreadable
from ansible_collections.hasite.aws.plugins.module_utils._site.assembly import assemble
from ansible_collections.hasite.aws.plugins.module_utils._site.details import add_details
from ansible_collections.hasite.aws.plugins.module_utils._site.names import Wanted
from ansible_collections.hasite.aws.plugins.module_utils._site.reading import read_all
from ansible_collections.hasite.aws.plugins.module_utils._site.scope import scope_of

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "domain": {"type": "str"},
    "aliases": {"type": "list", "elements": "str", "default": []},
    "zone": {"type": "str"},
    "details": {"type": "bool", "default": False},
    "partial": {"type": "bool", "default": False},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    names = [params["domain"], *params["aliases"]] if params["domain"] else []
    scope = scope_of(module, names, certified=True)
    answers, errors = read_all(scope)
    if errors and not params["partial"]:
        module.fail_json(msg=unreadable(errors))
    site = assemble(scope.site, scope.region, answers, errors, Wanted(names, params["zone"]))
    module.exit_json(changed=False, site=(add_details(scope, site) if params["details"] else site).as_dict())


if __name__ == "__main__":
    main()
