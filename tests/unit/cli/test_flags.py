import os

import pytest

from seacan.cli.container_values import ENVIRONMENT
from seacan.cli.flags import Flag, FlagError, HelpAsked, Values, parse
from seacan.cli.values import INT, PAIRS, SWITCH, SWITCH_ON, TEXT, TEXTS

FLAGS = (
    Flag("interactive", "i", SWITCH, ""),
    Flag("tty", "t", SWITCH, ""),
    Flag("env", "e", ENVIRONMENT, ""),
    Flag("name", "", TEXT, "", also="called"),
    Flag("number", "n", INT, ""),
    Flag("list", "l", TEXTS, ""),
    Flag("map", "m", PAIRS, ""),
    Flag("proxy", "", SWITCH_ON, ""),
    Flag("time", "", INT, "", deprecated="use --number instead"),
)


def read(line: str, *, stop: bool = False) -> tuple[Values, list[str]]:
    return parse(FLAGS, line.split(), stop_at_argument=stop)


@pytest.mark.parametrize(
    ("line", "interactive", "tty"),
    [
        ("", False, False),
        ("-i", True, False),
        ("-it", True, True),
        ("-ti", True, True),
        ("--interactive --tty", True, True),
        ("--interactive=true --tty=0", True, False),
        ("-it=false", True, False),
        ("-i=false -t=T", False, True),
        ("-i false", True, False),
    ],
)
def test_switches(line: str, interactive: bool, tty: bool) -> None:
    values, _ = read(line)
    assert (values.on("interactive"), values.on("tty")) == (interactive, tty)


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("-e A=1 -eB=2 -e=C=3 --env D=4 --env=E=5", ["A=1", "B=2", "C=3", "D=4", "E=5"]),
        ("-ite A=1", ["A=1"]),
        ("-iteA=1", ["A=1"]),
        ("--env -i=x", ["-i=x"]),
        ("--env=A=", ["A="]),
        ("--env=A=--b", ["A=--b"]),
    ],
)
def test_flags_with_a_value(line: str, texts: list[str]) -> None:
    assert read(line)[0].texts("env") == texts


@pytest.mark.parametrize("line", ["--name x", "--called x", "--called=x"])
def test_an_older_name_means_the_same(line: str) -> None:
    assert read(line)[0].text("name") == "x"


@pytest.mark.parametrize(
    ("line", "stop", "arguments"),
    [
        ("a -i b", False, ["a", "b"]),
        ("a -i b", True, ["a", "-i", "b"]),
        ("-i a --unknown -x", True, ["a", "--unknown", "-x"]),
        ("a -- -i b", False, ["a", "-i", "b"]),
        ("-- -i", True, ["-i"]),
        ("- -i", False, ["-"]),
        ("a - b", False, ["a", "-", "b"]),
        ("--name -- a", False, ["a"]),
    ],
)
def test_arguments(line: str, stop: bool, arguments: list[str]) -> None:
    assert read(line, stop=stop)[1] == arguments


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("--unknown", "unknown flag: --unknown"),
        ("--unknown=1", "unknown flag: --unknown"),
        ("-x", "unknown shorthand flag: 'x' in -x"),
        ("-ixt", "unknown shorthand flag: 'x' in -xt"),
        ("--name", "flag needs an argument: --name"),
        ("-e", "flag needs an argument: 'e' in -e"),
        ("-ie", "flag needs an argument: 'e' in -e"),
        ("--=x", "bad flag syntax: --=x"),
        ("---x", "bad flag syntax: ---x"),
        (
            "--number x",
            'invalid argument "x" for "-n, --number" flag: '
            'strconv.ParseInt: parsing "x": invalid syntax',
        ),
        (
            "--proxy=x",
            'invalid argument "x" for "--proxy" flag: '
            'strconv.ParseBool: parsing "x": invalid syntax',
        ),
    ],
)
def test_errors_in_pflags_words(line: str, text: str) -> None:
    with pytest.raises(FlagError) as raised:
        read(line)
    assert str(raised.value) == text


@pytest.mark.parametrize("line", ["--help", "-h", "-ih", "a --help"])
def test_help(line: str) -> None:
    with pytest.raises(HelpAsked):
        read(line)


def test_help_of_the_command_that_is_run_is_its_own() -> None:
    assert read("a --help", stop=True)[1] == ["a", "--help"]


def test_short_h_may_mean_something_else() -> None:
    values, _ = parse((Flag("hostname", "h", TEXT, ""),), ["-h", "x"])
    assert values.text("hostname") == "x"


def test_last_one_counts_and_lists_and_maps_grow() -> None:
    values, _ = read("--name a --name b -l x -l y,z -m a=1 -m b -m a=2")
    assert values.text("name") == "b"
    assert values.texts("list") == ["x", "y,z"]
    assert values.mapping("map") == {"a": "2", "b": ""}


def test_given_is_not_the_same_as_default() -> None:
    values, _ = read("--name= --proxy")
    assert values.is_given("name")
    assert values.is_given("proxy")
    assert not values.is_given("number")


def test_defaults_are_not_shared_between_parses() -> None:
    read("-l x")
    assert read("")[0].texts("list") == []


def test_deprecated_flag_warns_once() -> None:
    values, _ = read("--time 1 --time 2")
    assert values.number("time") == 2
    assert values.warnings == ["Flag --time has been deprecated, use --number instead"]


def test_bare_variable_is_the_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "SEACAN_TEST", "here")
    monkeypatch.delenv("SEACAN_NONE", raising=False)
    assert read("-e SEACAN_TEST -e SEACAN_NONE")[0].texts("env") == [
        "SEACAN_TEST=here",
        "SEACAN_NONE",
    ]
