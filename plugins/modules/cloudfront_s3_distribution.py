#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a CloudFront distribution over one private bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudfront_s3_distribution
version_added: 0.1.0
short_description: Manage a CloudFront distribution over one private S3 bucket
description:
  - Manages a distribution with one origin, a private S3 bucket that is reached by an origin access control, and one
    cache behaviour.
  - Only what the options name is compared and written. Whatever else the distribution has is left as it is, and the
    defaults that CloudFront adds are not taken for a change.
options:
  state:
    description:
      - Whether the distribution exists.
      - With V(absent), the distribution is disabled, waited for and deleted.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the distribution, kept in its C(Name) tag. It identifies the distribution.
    type: str
    required: true
  comment:
    description:
      - What the distribution is for. O(name) if not given.
    type: str
  aliases:
    description:
      - The names that visitors use for the distribution. O(certificate_arn) has to cover them.
    type: list
    elements: str
    default: []
  certificate_arn:
    description:
      - The ARN of a certificate of ACM in the region C(us-east-1).
      - Without it, the distribution has CloudFront's own certificate and can have no O(aliases).
    type: str
  minimum_protocol_version:
    description:
      - The oldest TLS version that visitors may use. Only with O(certificate_arn).
    type: str
    default: TLSv1.2_2021
  origin_domain_name:
    description:
      - The regional name of the bucket, such as C(my-bucket.s3.ap-northeast-1.amazonaws.com).
      - Required if O(state=present).
    type: str
  origin_access_control_id:
    description:
      - The ID of the origin access control with which CloudFront signs its requests to the bucket.
      - Required if O(state=present).
    type: str
  default_root_object:
    description:
      - The object that answers C(/).
    type: str
    default: ""
  viewer_protocol_policy:
    description:
      - What happens with HTTP requests.
    type: str
    choices: [allow-all, https-only, redirect-to-https]
    default: redirect-to-https
  cache_policy_id:
    description:
      - The ID of the cache policy. By default AWS's managed policy C(CachingOptimized).
      - The managed policy C(CachingDisabled) is V(4135ea2d-6df8-44a3-9df3-4b5a84be39ad).
    type: str
    default: 658327ea-f89d-4fab-a63d-7e88639e58f6
  response_headers_policy_id:
    description:
      - The ID of the response headers policy, if any.
    type: str
  viewer_request_function_arn:
    description:
      - The ARN of the CloudFront function that sees each request first, if any.
    type: str
  viewer_response_function_arn:
    description:
      - The ARN of the CloudFront function that sees each answer last, if any.
    type: str
  custom_error_responses:
    description:
      - What visitors get instead of the origin's errors.
    type: list
    elements: dict
    default: []
    suboptions:
      error_code:
        description:
          - The origin's status.
        type: int
        required: true
      response_page_path:
        description:
          - The path of the page to answer with. Needs O(custom_error_responses[].response_code) too.
        type: str
      response_code:
        description:
          - The status that visitors see.
        type: int
      error_caching_min_ttl:
        description:
          - For how many seconds CloudFront remembers the error.
        type: int
        default: 10
  price_class:
    description:
      - Which edge locations answer.
    type: str
    choices: [PriceClass_100, PriceClass_200, PriceClass_All]
    default: PriceClass_200
  http_version:
    description:
      - The newest HTTP version that visitors may use.
    type: str
    choices: [http1.1, http2, http3, http2and3]
    default: http2
  ipv6_enabled:
    description:
      - Whether the distribution answers over IPv6. If it does, its names need AAAA records too.
    type: bool
    default: false
  web_acl_arn:
    description:
      - The ARN of a web ACL of AWS WAF of scope C(CLOUDFRONT), if any. If not given, the web ACL is left as it is.
    type: str
  enabled:
    description:
      - Whether the distribution answers requests.
    type: bool
    default: true
  wait:
    description:
      - Whether to wait until the distribution is deployed. A deletion always waits.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait. A change usually takes three to eight minutes.
    type: int
    default: 1800
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.cloudfront_origin_access_control
  - module: hasite.aws.cloudfront_function
  - module: hasite.aws.cloudfront_response_headers_policy
  - module: community.aws.cloudfront_distribution
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Serve an error page for a site
  hasite.aws.cloudfront_s3_distribution:
    name: shop-error-page
    aliases:
      - www.example.com
    certificate_arn: arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555
    origin_domain_name: shop-error-page.s3.ap-northeast-1.amazonaws.com
    origin_access_control_id: E327GJI25M56DG
    cache_policy_id: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad
    custom_error_responses:
      - error_code: 403
        response_page_path: /index.html
        response_code: 503
        error_caching_min_ttl: 0
    tags:
      project: shop

- name: Take the distribution down
  hasite.aws.cloudfront_s3_distribution:
    name: shop-error-page
    state: absent
"""

RETURN = r"""
distribution:
  description: The distribution. Empty if it is absent.
  returned: always
  type: dict
  contains:
    id:
      description: The ID of the distribution.
      returned: if it is present
      type: str
      sample: EDFDVBD6EXAMPLE
    arn:
      description: The ARN of the distribution, for the bucket's policy.
      returned: if it is present
      type: str
      sample: arn:aws:cloudfront::123456789012:distribution/EDFDVBD6EXAMPLE
    domain_name:
      description: The name of the distribution, for alias records.
      returned: if it is present
      type: str
      sample: d111111abcdef8.cloudfront.net
    hosted_zone_id:
      description: The hosted zone of all distributions, for alias records.
      returned: if it is present
      type: str
      sample: Z2FDTNDATAQYW2
    status:
      description: Whether the last change has reached all edge locations.
      returned: if it is present
      type: str
      sample: Deployed
    name:
      description: The name of the distribution.
      returned: if it is present
      type: str
      sample: shop-error-page
    comment:
      description: What the distribution is for.
      returned: if it is present
      type: str
      sample: shop-error-page
    enabled:
      description: Whether the distribution answers requests.
      returned: if it is present
      type: bool
      sample: true
    aliases:
      description: The names that visitors use, sorted.
      returned: if it is present
      type: list
      elements: str
      sample: [www.example.com]
    custom_error_responses:
      description: What visitors get instead of the origin's errors, sorted by status.
      returned: if it is present
      type: list
      elements: dict
      contains:
        error_code:
          description: The origin's status.
          returned: always
          type: int
          sample: 403
        response_page_path:
          description: The path of the page to answer with.
          returned: always
          type: str
          sample: /index.html
        response_code:
          description: The status that visitors see.
          returned: always
          type: int
          sample: 503
        error_caching_min_ttl:
          description: For how many seconds CloudFront remembers the error.
          returned: always
          type: int
          sample: 0
    tags:
      description: The tags of the distribution.
      returned: if it is present
      type: dict
      sample: {Name: shop-error-page}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._distribution import ensure_absent, ensure_present

CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str", "required": True},
    "comment": {"type": "str"},
    "aliases": {"type": "list", "elements": "str", "default": []},
    "certificate_arn": {"type": "str"},
    "minimum_protocol_version": {"type": "str", "default": "TLSv1.2_2021"},
    "origin_domain_name": {"type": "str"},
    "origin_access_control_id": {"type": "str"},
    "default_root_object": {"type": "str", "default": ""},
    "viewer_protocol_policy": {
        "type": "str",
        "choices": ["allow-all", "https-only", "redirect-to-https"],
        "default": "redirect-to-https",
    },
    "cache_policy_id": {"type": "str", "default": CACHING_OPTIMIZED},
    "response_headers_policy_id": {"type": "str"},
    "viewer_request_function_arn": {"type": "str"},
    "viewer_response_function_arn": {"type": "str"},
    "custom_error_responses": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "error_code": {"type": "int", "required": True},
            "response_page_path": {"type": "str"},
            "response_code": {"type": "int"},
            "error_caching_min_ttl": {"type": "int", "default": 10},
        },
        "required_together": [("response_page_path", "response_code")],
    },
    "price_class": {
        "type": "str",
        "choices": ["PriceClass_100", "PriceClass_200", "PriceClass_All"],
        "default": "PriceClass_200",
    },
    "http_version": {"type": "str", "choices": ["http1.1", "http2", "http3", "http2and3"], "default": "http2"},
    "ipv6_enabled": {"type": "bool", "default": False},
    "web_acl_arn": {"type": "str"},
    "enabled": {"type": "bool", "default": True},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 1800},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_if=[("state", "present", ["origin_domain_name", "origin_access_control_id"])],
    )
    if module.params["aliases"] and not module.params["certificate_arn"] and module.params["state"] == "present":
        module.fail_json(msg="aliases need certificate_arn: CloudFront's own certificate covers *.cloudfront.net only.")
    ensure = ensure_present if module.params["state"] == "present" else ensure_absent
    conclude(module, "distribution", lambda: ensure(module.client("cloudfront"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
