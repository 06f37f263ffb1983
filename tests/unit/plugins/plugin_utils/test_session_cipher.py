# SPDX-License-Identifier: GPL-3.0-or-later
"""The cipher of sessions with a KMS key, by vectors made with another implementation of AES-GCM."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils._ssm.wire.cipher import CipherError, HalvesCipher, context

KEY = bytes(range(64))
VECTORS = {
    # AES-256-GCM by OpenSSL: nonce 64..6f, plaintext "id\n", no associated data.
    "agent": "6465666768696a6b6c6d6e6f217fd46fb78d4fc9542a25f45e05fec67cdcd4",
    "client": "6465666768696a6b6c6d6e6fdc0984121c5a67647dfc4926428573bb9c0b50",
}


def test_the_vectors_are_read() -> None:
    client, agent = HalvesCipher(KEY, client=True), HalvesCipher(KEY, client=False)
    assert client.decrypt(bytes.fromhex(VECTORS["agent"])) == b"id\n", "the first half is the agent's"
    assert agent.decrypt(bytes.fromhex(VECTORS["client"])) == b"id\n", "the second half is the client's"


@given(st.binary(max_size=2000), st.binary(min_size=64, max_size=64))
def test_each_end_reads_the_other(data: bytes, key: bytes) -> None:
    client, agent = HalvesCipher(key, client=True), HalvesCipher(key, client=False)
    sealed = client.encrypt(data)
    assert agent.decrypt(sealed) == data
    assert client.decrypt(agent.encrypt(data)) == data
    assert client.encrypt(data) != sealed, "no nonce is used twice"


@given(st.binary(max_size=100))
def test_what_was_not_encrypted_with_the_key_is_refused(data: bytes) -> None:
    with pytest.raises(CipherError):
        HalvesCipher(KEY, client=True).decrypt(data)


def test_an_end_does_not_take_its_own_for_the_other_s() -> None:
    client = HalvesCipher(KEY, client=True)
    with pytest.raises(CipherError, match="cannot be decrypted"):
        client.decrypt(client.encrypt(b"x"))


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(CipherError, match="32 bytes instead of 64"):
        HalvesCipher(bytes(32), client=True)


def test_without_the_package_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(CipherError, match="needs the Python package cryptography"):
        HalvesCipher(KEY, client=True)


def test_the_context_names_session_and_machine() -> None:
    bound = {"aws:ssm:SessionId": "s-1", "aws:ssm:TargetId": "i-1"}
    assert context("s-1", "i-1", "") == bound
    assert context("s-1", "i-1", "QUJD") == {**bound, "aws:ssm:RandomChallenge": "QUJD"}
