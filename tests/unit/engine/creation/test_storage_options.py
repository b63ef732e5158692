from typing import Any

import pytest

from seacan.engine.creation.storage_options import check, check_default, limit_bytes, with_default
from seacan.errors import InvalidArgument, Unsupported

NO_QUOTAS = "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"


def never() -> bool:
    raise AssertionError("the file system was asked")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (None, 0),
        ({}, 0),
        ({"size": "0"}, 0),
        ({"size": "1000"}, 1000),
        ({"size": "10m"}, 10 << 20),
        ({"size": "1.5GiB"}, 3 << 29),
        ({"SIZE": "2kb"}, 2048),
        ({"size": "9999999999p"}, (1 << 63) - 1),
    ],
)
def test_sizes(options: dict[str, str] | None, expected: int) -> None:
    check({"StorageOpt": options}, lambda: True)
    assert limit_bytes({"StorageOpt": options}) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"foo": "1G"}, "Unknown option foo"),
        ({"size": "1G", "foo": ""}, "Unknown option foo"),
        ({"size": ""}, "invalid size: ''"),
        ({"size": "-1"}, "invalid size: '-1'"),
        ({"size": "ten"}, "invalid size: 'ten'"),
        ({"size": "10x"}, "invalid suffix: 'x'"),
    ],
)
def test_what_is_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check({"StorageOpt": options}, lambda: True)
    assert str(caught.value) == message


@pytest.mark.parametrize("size", ["1G", "0", "x"])
def test_a_file_system_without_quotas(size: str) -> None:
    with pytest.raises(Unsupported) as caught:
        check({"StorageOpt": {"size": size}}, lambda: False)
    assert str(caught.value) == NO_QUOTAS


def test_a_file_system_is_asked_only_for_who_wants_a_limit() -> None:
    check({}, never)
    check({"StorageOpt": {}}, never)
    with pytest.raises(InvalidArgument):
        check({"StorageOpt": {"foo": "x"}}, never)


@pytest.mark.parametrize(
    ("asked", "default_bytes", "expected"),
    [
        (None, 0, None),
        (None, 1024, {"size": "1024"}),
        ({"size": "0"}, 1024, {"size": "0"}),
        ({"Size": "5k"}, 1024, {"Size": "5k"}),
    ],
)
def test_the_daemons_own_size(asked: Any, default_bytes: int, expected: Any) -> None:
    request = with_default({"Image": "a", "HostConfig": {"StorageOpt": asked}}, default_bytes)
    assert request["Image"] == "a"
    assert (request["HostConfig"] or {})["StorageOpt"] == expected


def test_a_daemon_whose_containers_cannot_have_a_size_does_not_start() -> None:
    check_default(is_supported=True)
    with pytest.raises(Unsupported, match=r"^Storage option overlay2\.size not supported\. "):
        check_default(is_supported=False)
