# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The inventory's site_* variables: which there are, and what their values may be.

Values are checked as far as the inventory alone tells; what they mean on AWS is checked where AWS is asked.
"""

from __future__ import annotations

import difflib
import typing as t
from collections.abc import Callable, Iterable, Mapping

from . import names
from .error import SettingsError

if t.TYPE_CHECKING:
    Check = Callable[[t.Any], str | None]
    """Says what a value must be, if it is not."""

_TRUTHS = ("true", "false", "yes", "no", "on", "off", "1", "0", "y", "n", "t", "f")
"""The words that Ansible's filter `bool` understands; -e name=value gives words."""


def text(value: t.Any) -> str | None:
    """Accept a text that is not empty."""
    return None if isinstance(value, str) and value.strip() else "a text"


def site_name(value: t.Any) -> str | None:
    """Accept a name that a site can have: what reads a site would take `*` for a pattern."""
    return None if isinstance(value, str) and names.fits(value) else names.SHAPE


def truth(value: t.Any) -> str | None:
    """Accept true and false, also as words."""
    fits = isinstance(value, bool) or (isinstance(value, (str, int)) and str(value).lower() in _TRUTHS)
    return None if fits else "true or false"


def number(lowest: float, highest: float | None = None, whole: bool = True) -> Check:
    """Accept a number of a range, also as a word."""
    said = f"a {'whole ' if whole else ''}number " + (
        f"from {lowest:g} to {highest:g}" if highest is not None else f"above {lowest:g}"
    )

    def check(value: t.Any) -> str | None:
        try:
            found = float(value)
        except (TypeError, ValueError):
            return said
        fits = lowest <= found <= highest if highest is not None else found > lowest
        if isinstance(value, bool) or not fits or (whole and found != int(found)):
            return said
        return None

    return check


def choice(*allowed: t.Any) -> Check:
    """Accept one of these values, numbers also as words."""

    def check(value: t.Any) -> str | None:
        fits = not isinstance(value, bool) and str(value) in [str(choice) for choice in allowed]
        return None if fits else f"one of {', '.join(str(choice) for choice in allowed)}"

    return check


def listing(value: t.Any) -> str | None:
    """Accept a list of texts."""
    fits = isinstance(value, (list, tuple)) and all(isinstance(item, str) and item.strip() for item in value)
    return None if fits else "a list of texts"


def entries(value: t.Any) -> str | None:
    """Accept a list, whatever is in it: its owner looks into it."""
    return None if isinstance(value, (list, tuple)) else "a list"


def mapping(value: t.Any) -> str | None:
    """Accept a mapping, whatever is in it: its owner looks into it."""
    return None if isinstance(value, Mapping) else "a mapping"


def any_of(*checks: Check) -> Check:
    """Accept what one of the checks accepts."""

    def check(value: t.Any) -> str | None:
        said = [check(value) for check in checks]
        return None if None in said else " or ".join(str(item) for item in said)

    return check


def keys(**known: Check) -> Check:
    """Accept a mapping with these keys only, each of them optional."""

    def check(value: t.Any) -> str | None:
        if not isinstance(value, Mapping):
            return f"a mapping of {' and '.join(known)}"
        for key, given in value.items():
            if key not in known:
                return f"a mapping of {' and '.join(known)}, without {key!r}"
            if said := known[key](given):
                return f"a mapping whose {key!r} is {said}"
        return None

    return check


KNOWN: dict[str, Check] = {
    "site_name": site_name,
    "site_domain": text,
    "site_aliases": listing,
    "site_zone": text,
    "site_take_over": truth,
    "site_certificate_arns": listing,
    "site_region": text,
    "site_availability_zones": listing,
    "site_vpc_cidr": text,
    "site_instance_type": text,
    "site_ami_parameter": text,
    "site_nat": choice("per_az", "single", "none"),
    "site_buckets": listing,
    "site_files": text,
    "site_excludes": listing,
    "site_public_folder": text,
    "site_front_controller": text,
    "site_htaccess": truth,
    "site_shared_paths": listing,
    "site_hooks": keys(before=listing, after=listing),
    # What these ask for is looked into by hasite.aws.web_settings_info.
    "site_php": keys(
        version=any_of(text, number(0, whole=False)), extensions=listing, settings=mapping, shared_paths=listing
    ),
    "site_packages": listing,
    # What these ask for is looked into by hasite.aws.site_runtime_info.
    "site_environment": mapping,
    "site_secrets": mapping,
    "site_jobs": entries,
    "site_updates": keys(automatic=truth, hour=number(0, 21)),
    "site_sessions": choice("share", "sticky", "local"),
    "site_page": text,
    "site_release_check": truth,
    "site_release_signing": truth,
    "site_served_by_header": truth,
    # What these ask for is looked into by hasite.aws.web_settings_info.
    "site_headers": mapping,
    "site_methods": listing,
    "site_denied_files": listing,
    # https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html
    "site_health_check": keys(interval=choice(10, 30), threshold=number(1, 10)),
    "site_access_logs": truth,
    "site_query_logging": truth,
    "site_dnssec": truth,
    "site_detailed_monitoring": truth,
    # Below 100, Route 53's own checks could be taken for too many requests.
    "site_waf": keys(enabled=truth, rate_limit=number(100, 2_000_000_000), managed_rules=listing, count_only=truth),
    "site_require_tls_share": truth,
    "site_require_role_share": truth,
    "site_connection": text,
    "site_session_document": text,
    "site_encrypt_sessions": truth,
    "site_delete_data": truth,
    "site_endpoint_url": text,
    "site_clock_speed": number(0, whole=False),
    "site_profile": text,
    "site_access_key": text,
    "site_secret_key": text,
}
"""Every variable of docs/variables.md."""

REQUIRED = ("site_name", "site_domain")
UNSET = frozenset({"site_endpoint_url", "site_profile", "site_access_key", "site_secret_key"})
"""Variables that may be null, which is how one inventory takes back what another has set."""
_SECRET = frozenset({"site_access_key", "site_secret_key"})


def check_names(names: Iterable[str]) -> None:
    """Refuse a variable that nobody reads, and demand those without which there is no site."""
    given = sorted(names)
    for name in given:
        if name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.6)
            raise SettingsError(
                f"The inventory sets {name}, which nobody reads; "
                + (f"did you mean {near[0]}?" if near else "docs/variables.md lists what there is.")
            )
    for name in REQUIRED:
        if name not in given:
            raise SettingsError(f"The inventory sets no {name}, without which there is no site; add it.")


def check_value(name: str, value: t.Any) -> None:
    """Refuse a value of the wrong kind or out of range; a secret is not shown."""
    if value is None and name in UNSET:
        return
    if value is None:
        raise SettingsError(f"{name} is empty; give it a value, or leave the line out.")
    if said := KNOWN[name](value):
        shown = "of another kind" if name in _SECRET else f"{value!r}"
        raise SettingsError(f"{name} is {shown}; it must be {said}.")
