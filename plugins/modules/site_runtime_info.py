#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a site's environment, secrets and jobs before anything is created."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_runtime_info
version_added: 0.1.0
short_description: Check a site's environment, secrets and jobs before anything is created
description:
  - Checks names and values of the environment variables, the jobs and their schedules, and that every secret exists.
  - Secrets are described with the caller's credentials; no value is read, so a field that a secret's JSON lacks is
    found only by the machines (M(hasite.aws.site_environment)).
  - Fails with one sentence that names the variable, what was found and what to do.
  - Nothing is changed.
options:
  environment:
    description: Plain variables, name to value.
    type: dict
    default: {}
  secrets:
    description: Secret variables, name to where the value is, as M(hasite.aws.site_environment) takes them.
    type: dict
    default: {}
  jobs:
    description: The jobs, dictionaries with C(name), C(command), C(schedule) and, if wanted, C(timeout) in seconds.
    type: list
    elements: dict
    default: []
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
- name: Check what the site needs around its code
  hasite.aws.site_runtime_info:
    environment:
      APP_ENV: production
    secrets:
      API_TOKEN:
        secret: shop/api
        key: token
    jobs:
      - name: feed
        command: bin/feed
        schedule: hourly
    region: ap-northeast-1
  register: checked
"""

RETURN = r"""
runtime:
  description: What follows from the settings.
  returned: success
  type: dict
  contains:
    names:
      description: The names of all environment variables, sorted.
      type: list
      elements: str
      sample: [API_TOKEN, APP_ENV]
    parameter_arns:
      description: The ARNs of the SSM parameters that the machines read.
      type: list
      elements: str
      sample: ["arn:aws:ssm:ap-northeast-1:123456789012:parameter/shop/database-password"]
    secret_arns:
      description: The ARNs of the Secrets Manager secrets that the machines read, with C(?) for the random characters.
      type: list
      elements: str
      sample: ["arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:shop/api-??????"]
    parameter_key_arns:
      description: The customer's KMS keys that encrypt the parameters.
      type: list
      elements: str
      sample: []
    secret_key_arns:
      description: The customer's KMS keys that encrypt the secrets.
      type: list
      elements: str
      sample: []
    jobs:
      description: The jobs with all their keys.
      type: list
      elements: dict
      sample: [{"name": "feed", "command": "bin/feed", "schedule": "hourly", "timeout": 3600}]
"""

from dataclasses import asdict
from functools import cache
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import fail
from ansible_collections.hasite.aws.plugins.module_utils._runtime.error import RuntimeSettingError
from ansible_collections.hasite.aws.plugins.module_utils._runtime.jobs import jobs_of
from ansible_collections.hasite.aws.plugins.module_utils._runtime.secret_existence import find
from ansible_collections.hasite.aws.plugins.module_utils._runtime.sources import sources_of
from ansible_collections.hasite.aws.plugins.module_utils._runtime.variables import check_disjoint, plain_texts


def check(module: Any) -> dict[str, Any]:
    """Return what follows from the settings; everything that needs no API is checked first."""
    given = module.params
    plain = plain_texts("site_environment", given["environment"])
    sources = sources_of(given["secrets"])
    check_disjoint(plain, sources)
    jobs = jobs_of(given["jobs"])
    return {
        "names": sorted([*plain, *sources]),
        "jobs": jobs,
        **asdict(find(cache(module.client), sources, module.region)),
    }


ARGUMENTS: dict[str, dict[str, Any]] = {
    "environment": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}, "no_log": False},
    "jobs": {"type": "list", "elements": "dict", "default": []},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        runtime = check(module)
    except RuntimeSettingError as error:
        module.fail_json(msg=str(error))
    except AnsibleAWSError as error:
        fail(module, error)
    module.exit_json(changed=False, runtime=runtime)


if __name__ == "__main__":
    main()
