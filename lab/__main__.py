# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab` is the command `lab`."""

from lab.commands.cli import main

raise SystemExit(main())
