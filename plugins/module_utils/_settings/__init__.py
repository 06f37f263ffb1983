# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What a site's settings must be, checked before anything is created.

variables   the inventory's site_* variables: known names, types and ranges
names       names that AWS reserves or finds too long
network     availability zones, subnets, the VPC's block
machines    instance type, zones and image
regions     region and partition
endpoint    the API that the inventory means
quotas      what the account may still create
owners      names that are somebody else's in the account
reading     what the others ask of AWS; they are pure
"""
