# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: may change without notice.
"""What a site needs around its code: environment variables, secrets and scheduled jobs.

error              the exception that carries one sentence
variables          which names and values an environment may have
sources            where a secret is: a parameter of SSM, or a secret of Secrets Manager
environment_file   the file that systemd and the shell read alike
secret_values      reads the secrets' values; on a machine, with the machine's role
secret_existence   describes the secrets without reading a value; on the controller
jobs               what a scheduled job is
calendar           systemd's calendar expressions
"""
