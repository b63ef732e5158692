"""Published ports as elements: which there are, what changes, and what the kernel compares."""

from seacan.network.elements import Element, Forwarding, changes, elements, packed

WEB = Forwarding("tcp", "0.0.0.0", 80, "10.0.0.2", 8080)
MOVED = Forwarding("tcp", "0.0.0.0", 80, "10.1.0.2", 8080)
LOCAL = Forwarding("udp", "127.0.0.1", 53, "10.0.0.3", 53)
OPENED = Forwarding("tcp", "::", 0, "fd00::2", 80)


def _shown(found: list[Element]) -> list[str]:
    return [f"{each.of} {each}" for each in found]


def test_where_a_port_is_found() -> None:
    assert _shown(elements({"a": [WEB], "b": [LOCAL], "c": [OPENED, OPENED]})) == [
        "open4 10.0.0.2 . tcp . 8080",
        "anywhere4 tcp . 80 : 10.0.0.2 . 8080",
        "open4 10.0.0.3 . udp . 53",
        "at4 127.0.0.1 . udp . 53 : 10.0.0.3 . 53",
        "open6 fd00::2 . tcp . 80",
    ]


def test_ports_come_and_go_by_themselves() -> None:
    assert changes({"a": [WEB]}, {"a": [WEB]}) == ([], [])
    gone, new = changes({"a": [WEB]}, {"a": [MOVED], "b": [LOCAL]})
    assert _shown(gone) == ["open4 10.0.0.2 . tcp . 8080", "anywhere4 tcp . 80 : 10.0.0.2 . 8080"]
    assert _shown(new) == [
        "open4 10.1.0.2 . tcp . 8080",
        "anywhere4 tcp . 80 : 10.1.0.2 . 8080",
        "open4 10.0.0.3 . udp . 53",
        "at4 127.0.0.1 . udp . 53 : 10.0.0.3 . 53",
    ]


def test_a_port_that_is_published_twice_is_open_until_both_have_gone() -> None:
    again = Forwarding("tcp", "127.0.0.1", 81, "10.0.0.2", 8080)
    gone, new = changes({"a": [WEB, again]}, {"a": [WEB]})
    assert (_shown(gone), new) == (["at4 127.0.0.1 . tcp . 81 : 10.0.0.2 . 8080"], [])


def test_what_the_kernel_compares() -> None:
    assert packed(("127.0.0.1", "udp", 53)).hex(" ", 4) == "7f000001 11000000 00350000"
    assert packed(("sctp", 8080)).hex(" ", 4) == "84000000 1f900000"
    assert packed(("fd00::2", 80)).hex(" ", 4) == "fd000000 00000000 00000000 00000002 00500000"
