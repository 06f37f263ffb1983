# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What AWS charges a month for resources that are merely there.

rates       what is charged, and by which words AWS's price list knows it
reading     prices by the API
price_list  one price out of what the Price List Query API has answered
"""
