import pytest

from seacan.cli.flags import Flag
from seacan.cli.usage import flag_lines, wrap
from seacan.cli.values import SWITCH, TEXT, TEXTS


def test_columns_follow_the_longest_flag() -> None:
    flags = (
        Flag("name", "", TEXT, "A name"),
        Flag("all", "a", SWITCH, "All"),
        Flag("env", "e", TEXTS, "Variables", shown="none"),
        Flag("time", "", TEXT, "Old", deprecated="use --name instead"),
    )
    assert flag_lines(flags, 80) == (
        "  -a, --all           All\n"
        "  -e, --env list      Variables (default none)\n"
        "      --name string   A name"
    )


# What the docker CLI 28 prints for `--pids-limit`, `--publish-all` and `--interactive` of `run`.
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "Tune container pids limit (set -1 for unlimited)",
            ["Tune container pids limit (set", "-1 for unlimited)"],
        ),
        (
            "Publish all exposed ports to random ports",
            ["Publish all exposed ports to", "random ports"],
        ),
        ("Keep STDIN open even if not attached", ["Keep STDIN open even if not attached"]),
    ],
)
def test_wrapping_is_pflags(text: str, lines: list[str]) -> None:
    assert wrap(text, 41, 79).split("\n" + " " * 41) == lines


def test_narrow_terminal_gets_a_block_below() -> None:
    assert (
        wrap("some words that do not fit", 50, 60) == "\n" + " " * 16 + "some words that do not fit"
    )


def test_terminal_too_narrow_for_anything_is_not_wrapped_for() -> None:
    assert wrap("some words that do not fit", 20, 30) == "some words that do not fit"
