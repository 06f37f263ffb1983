# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This fragment is PRIVATE to the collection: it may change at any time.
"""Options of the connection that say how AWS is reached."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragments `hasite.aws._ssm.api` and `hasite.aws._ssm.bucket`."""

    API = r"""
options:
  region:
    description: The region of the instance. If not given, that of the profile.
    type: str
    vars:
      - name: ansible_aws_ssm_region
    env:
      - name: AWS_REGION
      - name: AWS_DEFAULT_REGION
    ini:
      - section: ssm_connection
        key: region
  profile:
    description: The profile of the AWS configuration files.
    type: str
    aliases: [aws_profile]
    vars:
      - name: ansible_aws_ssm_profile
    env:
      - name: AWS_PROFILE
      - name: AWS_DEFAULT_PROFILE
    ini:
      - section: ssm_connection
        key: profile
  access_key:
    description: The access key. If not given, AWS's usual chain of credentials is asked.
    type: str
    aliases: [access_key_id, aws_access_key_id]
    vars:
      - name: ansible_aws_ssm_access_key_id
    env:
      - name: AWS_ACCESS_KEY_ID
      - name: AWS_ACCESS_KEY
  secret_key:
    description: The secret key that belongs to O(access_key).
    type: str
    aliases: [secret_access_key, aws_secret_access_key]
    vars:
      - name: ansible_aws_ssm_secret_access_key
    env:
      - name: AWS_SECRET_ACCESS_KEY
      - name: AWS_SECRET_KEY
  session_token:
    description: The token that belongs to a temporary O(access_key).
    type: str
    aliases: [aws_session_token]
    vars:
      - name: ansible_aws_ssm_session_token
    env:
      - name: AWS_SESSION_TOKEN
  endpoint_url:
    description: Another address of the SSM API. Without it, C(AWS_ENDPOINT_URL_SSM) and C(AWS_ENDPOINT_URL) count.
    type: str
    aliases: [aws_endpoint_url]
    vars:
      - name: ansible_aws_ssm_endpoint_url
    ini:
      - section: ssm_connection
        key: endpoint_url
  require_encryption:
    description:
      - Whether a session must be encrypted with a KMS key, in addition to TLS.
      - With V(true), any key will do. The ARN of a key demands this key, and KMS is asked for no other.
      - A session that is not encrypted so is ended before anything is sent to the machine.
      - C(bin/session-manager-plugin) reads the variable of the environment, too.
    type: str
    default: 'false'
    vars:
      - name: ansible_aws_ssm_require_encryption
    env:
      - name: ANSIBLE_AWS_SSM_REQUIRE_ENCRYPTION
    ini:
      - section: ssm_connection
        key: require_encryption
"""

    BUCKET = r"""
options:
  bucket_name:
    description:
      - The name of a bucket in S3 through which large files travel, as the session itself carries about 1 MB a second.
      - The controller needs C(s3:PutObject), C(s3:GetObject), C(s3:DeleteObject) and C(s3:ListBucket), with versioning
        also C(s3:DeleteObjectVersion). The machine needs a way to S3, and curl or Python, but no permission.
      - Each file is one object with a random name below the instance's id, and removed as soon as it was copied, or
        could not be.
    type: str
    vars:
      - name: ansible_aws_ssm_bucket_name
    ini:
      - section: ssm_connection
        key: bucket_name
  bucket_minimum_size:
    description: The size in bytes from which on a file travels through O(bucket_name); smaller ones use the session.
    type: int
    default: 1048576
    vars:
      - name: ansible_aws_ssm_bucket_minimum_size
    ini:
      - section: ssm_connection
        key: bucket_minimum_size
  kms_endpoint_url:
    description:
      - Another address of KMS, by which the controller reaches it where sessions are encrypted.
    type: str
    vars:
      - name: ansible_aws_ssm_kms_endpoint_url
    ini:
      - section: ssm_connection
        key: kms_endpoint_url
  bucket_endpoint_url:
    description:
      - Another address of S3, by which controller and machine reach it.
      - If not given, the machine uses the address of the bucket's region. The controller does so too, unless
        C(AWS_ENDPOINT_URL_S3) or C(AWS_ENDPOINT_URL) tell it another one.
    type: str
    vars:
      - name: ansible_aws_ssm_bucket_endpoint_url
    ini:
      - section: ssm_connection
        key: bucket_endpoint_url
  s3_addressing_style:
    description: Whether the bucket's name is in the address's host or path. V(auto) means the host where it can be.
    type: str
    choices: [auto, path, virtual]
    default: auto
    vars:
      - name: ansible_aws_ssm_s3_addressing_style
  bucket_sse_mode:
    description: How files are encrypted in the bucket. If not given, as the bucket says.
    type: str
    choices: [AES256, 'aws:kms']
    vars:
      - name: ansible_aws_ssm_bucket_sse_mode
  bucket_sse_kms_key_id:
    description: The key for O(bucket_sse_mode=aws:kms). If not given, the account's key for S3.
    type: str
    vars:
      - name: ansible_aws_ssm_bucket_sse_kms_key_id
"""
