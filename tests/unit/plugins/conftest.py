# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets Ansible's loader find the collection, as `ansible-playbook` does."""

from __future__ import annotations

from pathlib import Path

from ansible.plugins.loader import init_plugin_loader

init_plugin_loader([str(Path(__file__).parents[3] / "playbooks" / "collections")])
