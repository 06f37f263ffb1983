#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check what a site asks of Apache and PHP."""

from __future__ import annotations

DOCUMENTATION = r"""
module: web_settings_info
version_added: 0.1.0
short_description: Check what a site asks of Apache and PHP
description:
  - Checks the version of PHP, its extensions and settings, and the paths of a site, and tells the packages and the
    lines of an ini file that follow from them.
  - Fails with one sentence that names the variable, what was found and what to do.
  - Can be asked before there is a machine. Then everything is checked that holds for every system, or for the system
    that the name of the image's parameter tells.
  - Nothing is changed.
options:
  system:
    description:
      - The machine's distribution and its major version, such as V(Debian 12) or V(Amazon 2023).
      - If not given, O(ami_parameter) may tell it.
    type: str
  ami_parameter:
    description: The public SSM parameter of the image that the machines are to have.
    type: str
  files:
    description:
      - The folder with the site's files on this host, in which the paths are looked up. If not given, they are not.
    type: path
  php:
    description: What PHP is to be like.
    type: dict
    default: {}
    suboptions:
      version:
        description:
          - The version, such as V(8.4). If not given, the system's own, or of several the one that the role prefers.
        type: str
      extensions:
        description: Extensions by the names that C(php -m) shows, beside those that every site has.
        type: list
        elements: str
        default: []
      settings:
        description: Settings of php.ini.
        type: dict
        default: {}
      shared_paths:
        description: Those of O(shared_paths) in which PHP files may be asked for.
        type: list
        elements: str
        default: []
  packages:
    description: Further packages of the system.
    type: list
    elements: str
    default: []
  public_folder:
    description: The document root below the site's files.
    type: str
    default: ""
  front_controller:
    description: The file below the document root that answers paths which are no file.
    type: str
    default: ""
  htaccess:
    description: Whether Apache reads .htaccess files.
    type: bool
    default: false
  headers:
    description:
      - Headers of every answer by name, beside or instead of the usual ones. An empty value takes a usual one away.
    type: dict
    default: {}
  methods:
    description:
      - The methods that are answered.
      - If not given, V(GET), V(HEAD), V(POST), V(PUT), V(PATCH), V(DELETE) and V(OPTIONS).
    type: list
    elements: str
  denied_files:
    description:
      - Names of files that nobody is shown, as patterns with V(*), V(?) and V([ab]). If not given, the usual ones.
    type: list
    elements: str
  sessions:
    description: Where PHP keeps sessions, on the share, or on the machine's own disk (the others).
    type: str
    choices: [share, sticky, local]
    default: share
  shared_paths:
    description: Paths that the site writes.
    type: list
    elements: str
    default: []
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes.info
"""

EXAMPLES = r"""
- name: Check what the site asks of the machines
  hasite.aws.web_settings_info:
    ami_parameter: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64
    php:
      version: "8.4"
      extensions: [pdo_mysql, redis]
      settings:
        upload_max_filesize: 128M
    public_folder: public
    front_controller: index.php
  register: asked

- name: Show the packages
  ansible.builtin.debug:
    var: asked.web.packages
"""

RETURN = r"""
web:
  description: The settings, complete.
  returned: success
  type: dict
  contains:
    version:
      description: The version of PHP. Null if neither the option nor the system tells it.
      returned: always
      type: str
      sample: "8.4"
    extensions:
      description: The extensions by name, with those that every site has.
      returned: always
      type: list
      elements: str
      sample: [curl, gd, mbstring, pdo_mysql]
    packages:
      description:
        - The packages that bring them, with PHP-FPM and PHP's command line. Empty if the system is not known.
      returned: always
      type: list
      elements: str
      sample: [php8.4-cli, php8.4-fpm, php8.4-gd, php8.4-mbstring, php8.4-mysqlnd]
    ini:
      description: The lines of an ini file.
      returned: always
      type: list
      elements: str
      sample: ["memory_limit = 256M", "upload_max_filesize = 128M"]
    file_sessions:
      description: Whether sessions are PHP's own files.
      returned: always
      type: bool
      sample: true
    session_seconds:
      description: After how many seconds without a visit a session is over.
      returned: always
      type: int
      sample: 1440
    largest_body:
      description: The greatest size of a request's body in bytes, as PHP has it. 0 or less if there is no limit.
      returned: always
      type: int
      sample: 75497472
    disabled_functions:
      description: The functions that PHP's pages can't call. Empty if the settings of php.ini name them.
      returned: always
      type: list
      elements: str
      sample: [exec, system]
    headers:
      description: The headers of every answer, sorted by name.
      returned: always
      type: list
      elements: dict
      contains:
        name:
          description: The name.
          returned: always
          type: str
          sample: Referrer-Policy
        value:
          description: The value.
          returned: always
          type: str
          sample: strict-origin-when-cross-origin
    strict_transport_security:
      description: What the header C(Strict-Transport-Security) says. Null if there is none.
      returned: always
      type: dict
      contains:
        max_age:
          description: For how many seconds browsers remember to use HTTPS.
          returned: always
          type: int
          sample: 31536000
        include_subdomains:
          description: Whether it holds for all names below the visited one.
          returned: always
          type: bool
          sample: false
        preload:
          description: Whether browsers may put the name on their preload lists.
          returned: always
          type: bool
          sample: false
    methods:
      description: The methods that are answered, sorted.
      returned: always
      type: list
      elements: str
      sample: [GET, HEAD, POST]
    denied_files:
      description: A regular expression of the names of files that nobody is shown. Empty if there are none.
      returned: always
      type: str
      sample: ^([^/]*\.bak|composer\.json)$
    public_folder:
      description: The document root below the site's files, empty if it is their folder itself.
      returned: always
      type: str
      sample: public
    front_controller:
      description: What answers paths that are no file. Empty if nothing does.
      returned: always
      type: str
      sample: index.php
    with_php:
      description: The shared paths in which PHP files may be asked for.
      returned: always
      type: list
      elements: str
      sample: [wp-content/plugins]
    without_php:
      description: The shared paths in which no PHP file may be asked for.
      returned: always
      type: list
      elements: str
      sample: [public/uploads]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hasite.aws.plugins.module_utils._settings.error import SettingsError
from ansible_collections.hasite.aws.plugins.module_utils._web.settings import checked

PHP = {
    "version": {"type": "str"},
    "extensions": {"type": "list", "elements": "str", "default": []},
    "settings": {"type": "dict", "default": {}},
    "shared_paths": {"type": "list", "elements": "str", "default": []},
}
ARGUMENTS = {
    "system": {"type": "str"},
    "ami_parameter": {"type": "str"},
    "files": {"type": "path"},
    "php": {"type": "dict", "default": {}, "options": PHP, "apply_defaults": True},
    "packages": {"type": "list", "elements": "str", "default": []},
    "public_folder": {"type": "str", "default": ""},
    "front_controller": {"type": "str", "default": ""},
    "htaccess": {"type": "bool", "default": False},
    "headers": {"type": "dict", "default": {}},
    "methods": {"type": "list", "elements": "str"},
    "denied_files": {"type": "list", "elements": "str"},
    "sessions": {"type": "str", "choices": ["share", "sticky", "local"], "default": "share"},
    "shared_paths": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        web = checked(module.params)
    except SettingsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, web=web)


if __name__ == "__main__":
    main()
