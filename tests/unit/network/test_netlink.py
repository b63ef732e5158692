"""Attributes as bytes, and questions to the kernel that need no privileges."""

import errno

import pytest

from seacan.network import links, netlink
from seacan.network.netlink import Netlink


def test_attributes_are_padded_and_found_again() -> None:
    data = (
        netlink.text(3, "eth0") + netlink.number(4, 1500) + netlink.nested(18, netlink.text(1, "x"))
    )
    assert len(data) % 4 == 0
    found = netlink.attributes(data)
    assert found[3] == b"eth0\0"
    assert netlink.attributes(found[18])[1] == b"x\0"


@pytest.mark.parametrize("data", [b"", b"\1", b"\0\0\0\0", b"\3\0\1\0", b"\xff\xff\1\0a"])
def test_broken_attributes_end_the_list(data: bytes) -> None:
    assert set(netlink.attributes(data)) <= {1}


def test_the_loopback_is_listed() -> None:
    with Netlink() as kernel:
        assert "lo" in [link.name for link in links.list_links(kernel)]
        assert links.find_link(kernel, "lo").index == 1


def test_a_refusal_says_what_for() -> None:
    with Netlink() as kernel, pytest.raises(OSError, match="find interface nosuch") as caught:
        links.find_link(kernel, "nosuch")
    assert caught.value.errno == errno.ENODEV
