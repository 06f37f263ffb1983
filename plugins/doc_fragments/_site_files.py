# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This fragment is PRIVATE to the collection: it may change at any time.
"""What a site's files are, for the modules that read them."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of a folder with a site's files."""

    DOCUMENTATION = r"""
options:
  source:
    description:
      - The folder with the site's files, where the module runs.
    type: path
    required: true
  excludes:
    description:
      - Patterns of what is left out, beside those that always are, namely C(.git), C(.svn), C(.hg), C(.env), C(.env.*),
        C(node_modules), and what editors and desktops leave, such as C(*.swp), C(*~), C(.idea), C(.vscode),
        C(.DS_Store).
      - As in C(.gitignore), a pattern without a slash matches names in every folder, one with a slash matches paths
        from the top, and one that ends with a slash matches folders only. V(*) stands for anything but slashes, V(**)
        for any folders, V(?) for one character, V([a-z]) for one of several. What is below a folder that is left out is
        left out too.
      - Of the patterns that match, the last one counts. One that begins with V(!) keeps what it matches, as in
        V(!.env.example).
    type: list
    elements: str
    default: []
  shared_paths:
    description:
      - The files and folders below O(source) that the site writes, relative to it.
      - A path that O(source) does not have becomes an empty folder. Write it with a slash at its end if its name looks
        like that of a file.
    type: list
    elements: str
    default: []
  public_folder:
    description:
      - The document root below O(source), such as V(public). It is only checked that it is there.
    type: str
"""
