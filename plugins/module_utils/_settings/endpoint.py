# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Which API the inventory means."""

from __future__ import annotations

from .error import SettingsError


def check_endpoint(wanted: str | None, from_environment: str | None) -> None:
    """Refuse to build on AWS while the shell points at another endpoint, such as the lab."""
    if from_environment and not wanted:
        raise SettingsError(
            f"AWS_ENDPOINT_URL is set to {from_environment} in the environment, but this inventory sets no "
            "site_endpoint_url, so it means AWS itself; unset the variable, or use the inventory of that endpoint."
        )
