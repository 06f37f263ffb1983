# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's objects as bytes, and back.

moto's backends are plain objects but for locks, private keys, and a few functions made at run time (cloudpickle takes
these by value). What belongs to the process and not to the world (its clock, its loop, its locks) is left out and put
in again by name, so that an object which holds the old lab's clock comes back with the new one's.

Bytes are code: who has written them decides what is run when they are read. `lab.running.saved.folder` reads only what
nobody but this user could have written.
"""

from __future__ import annotations

import io
import pickle
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import cloudpickle
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from moto.backends import get_backend
from moto.core.base_backend import AccountSpecificBackend, BackendDict

_LOCKS: dict[type, Callable[[], Any]] = {type(made()): made for made in (threading.Lock, threading.RLock)}
_PRIVATE = (ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey, rsa.RSAPrivateKey)
_PUBLIC = (ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey, rsa.RSAPublicKey)
"""The kinds of keys that KMS, ACM and DNSSEC have."""
_STACK = 512 * 1024 * 1024
"""Objects refer to each other in chains, and pickle follows them to the end; the memory is only reserved."""


def dump(value: Any, fixed: Mapping[str, object]) -> bytes:
    """Return a value as bytes; `fixed` are the objects that are not part of it, by name."""
    made: list[bytes] = []
    failure: list[BaseException] = []

    def run() -> None:
        buffer = io.BytesIO()
        try:
            _Pickler(buffer, fixed).dump(value)
            made.append(buffer.getvalue())
        except BaseException as error:  # handed to the caller's thread, where it is raised
            failure.append(error)

    before = threading.stack_size(_STACK)
    try:
        thread = threading.Thread(target=run, name="pickle")
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    if failure:
        raise failure[0]
    return made[0]


def load(data: bytes, fixed: Mapping[str, object]) -> Any:
    """Return the value, with these objects in the places of those that bore their names."""
    return _Unpickler(io.BytesIO(data), fixed).load()


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle says of itself that it has no types
    def __init__(self, file: io.BytesIO, fixed: Mapping[str, object]) -> None:
        super().__init__(file, protocol=5)
        self._fixed = fixed
        self._names = {id(found): name for name, found in fixed.items()}

    def persistent_id(self, thing: Any) -> tuple[str, ...] | None:
        """Return the name of what is not part of the world; moto's dictionaries of backends are its modules'."""
        if isinstance(thing, BackendDict):
            return "moto", thing.service_name
        if isinstance(thing, AccountSpecificBackend):
            return "moto", thing.service_name, thing.account_id
        name = self._names.get(id(thing))
        return ("lab", name) if name is not None else None

    def reducer_override(self, thing: Any) -> Any:
        """Take apart what pickle can't."""
        if type(thing) in _LOCKS:
            return _LOCKS[type(thing)], ()
        if isinstance(thing, dict) and type(thing).__module__.startswith(("lab.", "moto.")):
            # What it shows as its items may not be what it holds, and its class may want to be called with arguments.
            return _empty, (type(thing),), _content(thing), None, None, _fill
        if isinstance(thing, weakref.WeakValueDictionary):
            return weakref.WeakValueDictionary, (dict(thing),)
        if isinstance(thing, _PRIVATE):
            return _private_key, (
                thing.private_bytes(
                    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                ),
            )
        if isinstance(thing, _PUBLIC):
            return _public_key, (
                thing.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
            )
        if isinstance(thing, x509.Certificate):
            return _certificate, (thing.public_bytes(serialization.Encoding.DER),)
        return super().reducer_override(thing)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, fixed: Mapping[str, object]) -> None:
        super().__init__(file)
        self._fixed = fixed

    def persistent_load(self, name: Any) -> Any:
        """Return what is there by a name."""
        kind, first, *rest = name
        if kind == "lab":
            return self._fixed[first]
        backends = get_backend(first)
        return backends[rest[0]] if rest else backends


def _private_key(der: bytes) -> Any:
    return serialization.load_der_private_key(der, None)


def _public_key(der: bytes) -> Any:
    return serialization.load_der_public_key(der)


def _certificate(der: bytes) -> Any:
    return x509.load_der_x509_certificate(der)


def _empty(kind: type[dict[Any, Any]]) -> dict[Any, Any]:
    return kind.__new__(kind)


def _content(mapping: dict[Any, Any]) -> tuple[dict[str, Any], list[tuple[Any, Any]], Any]:
    return vars(mapping), list(dict.items(mapping)), getattr(mapping, "default_factory", None)


def _fill(mapping: dict[Any, Any], content: tuple[dict[str, Any], list[tuple[Any, Any]], Any]) -> None:
    attributes, items, factory = content
    vars(mapping).update(attributes)
    for key, value in items:
        dict.__setitem__(mapping, key, value)
    if isinstance(mapping, defaultdict):
        mapping.default_factory = factory
