import pytest

from seacan.errors import InvalidArgument
from seacan.runtime import commandline
from seacan.runtime.commands.update import resources_of, size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("-1", -1),
        ("1024", 1024),
        ("1k", 1 << 10),
        ("64m", 64 << 20),
        ("64MB", 64 << 20),
        ("64MiB", 64 << 20),
        ("1.5g", 3 << 29),
        ("2 t", 2 << 40),
        ("100b", 100),
    ],
)
def test_sizes(text: str, expected: int) -> None:
    assert size("memory", text) == expected


@pytest.mark.parametrize("text", ["", "x", "1x", "m", "1e999", "1,5g", "nan"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid value for memory: invalid size"):
        size("memory", text)


def test_flags_as_resources() -> None:
    options = commandline.defaults()
    flags = ["update", "--memory=1g", "--memory-swap", "-1", "--cpu-share", "512"]
    flags += ["--cpu-burst", "0", "--blkio-weight", "300", "--pids-limit", "0", "--cpuset-cpus=0-1"]
    commandline.parse_command(options, commandline.parse_global(options, [*flags, "ID"]))
    assert resources_of(options) == {
        "cpu": {"shares": 512, "burst": 0, "cpus": "0-1"},
        "memory": {"limit": 1 << 30, "swap": -1},
        "blockIO": {"weight": 300},
        "pids": {"limit": 0},
    }


def test_no_flags_change_nothing() -> None:
    options = commandline.defaults()
    commandline.parse_command(options, commandline.parse_global(options, ["update", "ID"]))
    assert resources_of(options) == {}
