import pytest

from seacan.errors import InvalidArgument, Unavailable
from seacan.volumes.options import check, is_mounted, limit_bytes, resolved, without_password


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"type": "tmpfs", "device": "tmpfs"},
        {"type": "none", "device": "/x", "o": "bind,ro"},
        {"type": "nfs", "device": ":/x", "o": "addr=host,rw"},
        {"type": "cifs", "device": "//host/share", "o": "username=x,password=y,port=445"},
        {"type": "none", "device": "", "o": "bind"},
        {"size": "0"},
    ],
)
def test_what_dockerd_takes(options: dict[str, str]) -> None:
    check("data", options, lambda: False)


def test_a_size_where_the_file_system_holds_directories_to_it() -> None:
    check("data", {"size": "10m"}, lambda: True)
    assert limit_bytes({"size": "10m"}) == 10 << 20
    assert limit_bytes({"size": "0"}) == limit_bytes({}) == limit_bytes(None) == 0
    with pytest.raises(InvalidArgument, match=r"^create data: quota size requested of what is"):
        check("data", {"size": "1", "type": "tmpfs", "device": "tmpfs"}, lambda: True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"foo": "x"}, 'invalid option: "foo"'),
        ({"type": "tmpfs"}, 'missing required option: "device"'),
        ({"device": "tmpfs"}, 'missing required option: "type"'),
        ({"o": "x"}, 'missing required option: "device"'),
        ({"o": "x", "device": "y"}, 'missing required option: "type"'),
        ({"size": "x"}, "invalid size: 'x'"),
        ({"size": "1x"}, "invalid suffix: 'x'"),
        ({"size": "1g"}, "quota size requested but no quota support"),
        (
            {"type": "cifs", "device": "//host:445/x"},
            "port not allowed in CIFS device URL, include 'port' in 'o='",
        ),
        (
            {"type": "cifs", "device": "//host:x/x"},
            "error parsing mount device url: Port could not be cast to integer value as 'x'",
        ),
    ],
)
def test_what_it_refuses(options: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check("data", options, lambda: False)
    assert str(caught.value) == f"create data: {message}"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (None, False),
        ({}, False),
        ({"size": "0"}, False),
        ({"type": "tmpfs", "device": "tmpfs"}, True),
        ({"type": "none", "device": ""}, True),
    ],
)
def test_whether_something_is_mounted(options: dict[str, str] | None, expected: bool) -> None:
    assert is_mounted(options) is expected


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"type": "nfs", "device": ":/x", "o": "addr=localhost,rw"}, ["addr=127.0.0.1", "rw"]),
        ({"type": "nfs", "device": ":/x", "o": "rw"}, ["rw"]),
        ({"type": "nfs4", "device": ":/x", "o": "addr=192.0.2.7"}, ["addr=192.0.2.7"]),
        ({"type": "cifs", "device": "//localhost/x", "o": "guest"}, ["guest", "ip=127.0.0.1"]),
        ({"type": "cifs", "device": "//localhost/x"}, ["ip=127.0.0.1"]),
        ({"type": "cifs", "device": "//nope/x", "o": "ip=192.0.2.7"}, ["ip=192.0.2.7"]),
        ({"type": "ext4", "device": "/dev/x", "o": "addr=localhost"}, ["addr=localhost"]),
        (
            {"type": "cifs", "device": "//h/x", "o": "ip=192.0.2.7,password=a,,b,ro"},
            ["ip=192.0.2.7", "password=a,b", "ro"],
        ),
        (
            {"type": "tmpfs", "device": "tmpfs", "o": 'size=1m,,context="a:b:c0,c1",ro'},
            ["size=1m", 'context="a:b:c0,c1"', "ro"],
        ),
    ],
)
def test_the_kernel_is_told_addresses(options: dict[str, str], words: list[str]) -> None:
    assert resolved(options) == (options["type"], options["device"], words)


def test_what_cannot_be_resolved() -> None:
    with pytest.raises(InvalidArgument, match="missing device in volume options"):
        resolved({"type": "none", "device": ""})
    with pytest.raises(Unavailable, match="error resolving passed in network volume address"):
        resolved({"type": "nfs", "device": ":/x", "o": "addr=not a name"})


def test_no_password_in_an_error() -> None:
    text = "mount: username=x,password=secret,pass=secret: no"
    assert without_password(text) == "mount: username=x,password=********,pass=********: no"
