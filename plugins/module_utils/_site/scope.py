# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Which site is read, and what is that site's: exactly its own tags and names, since AWS's filters have wildcards."""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from .._resource import Resource
from .._settings.error import SettingsError
from .._settings.names import NameRule, check_name, names_of
from .assembly import SITE_TAG, tags_of
from .clients import client_maker
from .contact import make_contact

GLOBAL_REGION = "us-east-1"


@dataclass(frozen=True)
class ReadScope:
    """Which site is read, and by which clients."""

    site: str
    names: Sequence[str]
    """The names that visitors type."""
    region: str
    client: Callable[[str, str], t.Any]
    """The client of a service in a region."""
    certified: bool = False
    """Whether the names of the site's certificates count too, some of which may be no longer wanted."""
    _kept: dict[str, list[Resource]] = field(default_factory=dict)
    _keeping: threading.Lock = field(default_factory=threading.Lock)

    def once(self, key: str, read: Callable[[ReadScope], list[Resource]]) -> list[Resource]:
        """Return what `read` returns; of several readers that need it, only the first one asks AWS."""
        with self._keeping:
            if key not in self._kept:
                self._kept[key] = read(self)
            return self._kept[key]

    def here(self, service: str) -> t.Any:
        """Return the client of a service in the site's region."""
        return self.client(service, self.region)

    def everywhere(self) -> list[str]:
        """Return the regions in which the site has anything."""
        return sorted({self.region, GLOBAL_REGION})

    @property
    def tagged(self) -> list[Resource]:
        """The filter of EC2 that finds what is the site's, and more: `*` and `?` are wildcards in it.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html
        """
        return [{"Name": f"tag:{SITE_TAG}", "Values": [self.site]}]

    def owns(self, tags: dict[str, str] | None) -> bool:
        """Tell whether tags say that something is the site's."""
        return (tags or {}).get(SITE_TAG) == self.site

    def owned(self, found: Iterable[Resource]) -> list[Resource]:
        """Return those of AWS's answers whose tags say that they are the site's."""
        return [answer for answer in found if self.owns(tags_of(answer))]

    def names_by(self, rule: NameRule) -> list[str]:
        """Return the names that the site's resources of a kind have, to the letter."""
        return [name for found, name in names_of(self.site) if found == rule]


def scope_of(module: t.Any, names: Sequence[str], certified: bool = False) -> ReadScope:
    """Return what a module reads; if there is nothing that can be asked, end it with one sentence.

    That is so without a region, with a `name` that can't be a site's, and where AWS does not answer or lets nobody in.
    """
    try:
        check_name(module.params["name"])
    except SettingsError as error:
        module.fail_json(msg=str(error))
    if not module.region:
        module.fail_json(msg="The region of the site is not known. Set region, or the environment's AWS_REGION.")
    client = client_maker(module)
    try:
        make_contact(client, module.region)
    except SettingsError as error:
        module.fail_json(msg=str(error))
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    return ReadScope(module.params["name"], names, module.region, client, certified)
