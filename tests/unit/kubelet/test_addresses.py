"""Pod addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from kitlib.embedded.kubelet.addresses import AddressPool


def test_addresses_are_not_used_again_soon() -> None:
    pool = AddressPool("10.0.0.0/29")
    first = pool.take()
    pool.release(first)
    rest = [pool.take() for _ in range(4)]
    assert [first, *rest] == [f"10.0.0.{host}" for host in range(2, 7)]
    assert pool.take() == first


def test_a_full_network_is_an_error() -> None:
    pool = AddressPool("10.0.0.0/30")
    pool.take()
    with pytest.raises(OSError, match="no pod address left"):
        pool.take()


def test_the_last_address_is_remembered(tmp_path: Path) -> None:
    memory = tmp_path / "runtime" / "last-address"
    first = AddressPool(memory=memory).take()
    assert AddressPool(memory=memory).take() != first
