# SPDX-License-Identifier: GPL-3.0-or-later
"""An image whose userland reads as Amazon Linux 2023's: Debian's programs under Amazon's names, paths and defaults.

Nothing of Amazon's is in it. `catalogue` says which packages there are, `packages` what one is, `repository` builds
them, and `userland` changes the rest of the root file system. docs/lab.md has the table of what is stood in for.
"""
