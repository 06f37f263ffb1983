# SPDX-License-Identifier: GPL-3.0-or-later
"""What moto answers wrongly, mended: one bug of moto's in each file, fit for sending upstream.

Each file says what AWS does and where that is written, and has an `extend` that puts the mend in moto's place.
"""

from __future__ import annotations

import importlib
import pkgutil


def extend() -> None:
    """Put all of them in."""
    for patch in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{patch.name}").extend()
