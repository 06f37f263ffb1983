# SPDX-License-Identifier: GPL-3.0-or-later
"""What botocore and moto read and compute anew for each session, client or account, made once in a process of tests.

A program makes a session and its clients once; tests make hundreds of them. What is shared here is what botocore
shares between the clients of one session, and what nobody changes.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from botocore import client, endpoint_provider, hooks, loaders, session
from botocore.model import ServiceModel
from moto.core import models, utils

REWRITTEN = (("s3", "service-2"), ("s3control", "service-2"))
"""Their clients take parts out of the paths in their model (botocore.handlers.remove_bucket_from_url_paths_from_model
and remove_accid_host_prefix_from_model): who reads the model for its own sake gets another one."""


class Loader(loaders.Loader):  # type: ignore[misc]
    """Remembers, as each loader does; hands out copies of what clients change."""

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        found = super().load_service_model(service_name, type_name, api_version)
        return pickle.loads(pickle.dumps(found)) if (service_name, type_name) in REWRITTEN else found


@contextmanager
def made_once() -> Iterator[None]:
    """Share models, rules and routes between all sessions, clients and accounts."""
    make_rules: Any = endpoint_provider.RuleSet
    load_model = client.ClientCreator._load_service_model
    loader = cache(lambda path: Loader(extra_search_paths=path.split(":") if path else None))
    of_clients: dict[tuple[str, str | None], ServiceModel] = {}
    make_methods = client.ClientCreator._create_methods
    methods: dict[ServiceModel, dict[str, Any]] = {}
    rules: dict[tuple[int, int], tuple[Any, Any]] = {}

    def model(self: Any, service_name: str, api_version: str | None = None) -> ServiceModel:
        key = service_name, api_version
        if key not in of_clients:
            of_clients[key] = load_model(self, service_name, api_version)
        return of_clients[key]

    def named(self: Any, service_model: ServiceModel) -> dict[str, Any]:
        if service_model not in methods:
            methods[service_model] = make_methods(self, service_model)
        return dict(methods[service_model])

    begin_aliases = hooks.EventAliaser.__init__
    aliases: dict[str, str] = {}

    def aliased(self: Any, *args: Any, **more: Any) -> None:
        begin_aliases(self, *args, **more)
        self._alias_name_cache = aliases

    def ruleset(partitions: Any, **data: Any) -> Any:
        # The rules' lists are the loader's own, which keeps them: no other object gets their ids.
        key = id(data["rules"]), id(partitions)
        if key not in rules:
            rules[key] = make_rules(partitions=partitions, **data), (data["rules"], partitions)
        return rules[key][0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "create_loader", loader)
        patch.setattr(utils, "create_loader", cache(utils.create_loader))
        patch.setattr(client.ClientCreator, "_load_service_model", model)
        patch.setattr(client.ClientCreator, "_create_methods", named)
        patch.setattr(endpoint_provider, "RuleSet", ruleset)
        patch.setattr(hooks.EventAliaser, "__init__", aliased)
        # moto answers botocore's clients by a handler of theirs; these are its answers to `requests`: nobody asks so.
        patch.setattr(models, "RESPONSES_METHODS", [])
        yield
