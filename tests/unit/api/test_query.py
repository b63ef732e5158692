import pytest

from seacan.api.query import Query
from seacan.errors import InvalidArgument


@pytest.mark.parametrize("text", ["1", "True", "true", "yes", "anything", " 1 "])
def test_true(text: str) -> None:
    assert Query(f"all={text}").flag("all")


@pytest.mark.parametrize("text", ["", "0", "no", "No", "false", "False", "none", " 0 "])
def test_false(text: str) -> None:
    assert not Query(f"all={text}").flag("all", default=True)


def test_a_default_is_for_what_is_not_there() -> None:
    assert Query("").flag("quiet", default=True)
    assert not Query("quiet").flag("quiet", default=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("7", 7), ("-7", -7), ("%2B7", 7), ("9223372036854775807", (1 << 63) - 1)],
)
def test_integer(text: str, value: int) -> None:
    assert Query(f"t={text}").integer("t") == value


def test_no_integer_is_none() -> None:
    assert Query("t=").integer("t") is None
    assert Query("").integer("t") is None


@pytest.mark.parametrize("text", ["x", "1.5", "1_0", "0x1", "--1", "-", "+", "\u0661", "1e3", " 1"])
def test_no_integer(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^strconv.Atoi: parsing .*: invalid syntax$"):
        Query(f"t={text.replace('+', '%2B')}").integer("t")


@pytest.mark.parametrize("text", ["9223372036854775808", "9" * 5000, "-9223372036854775808"])
def test_integer_out_of_range(text: str) -> None:
    with pytest.raises(InvalidArgument, match="value out of range"):
        Query(f"t={text}").integer("t")


@pytest.mark.parametrize(
    ("query", "wrong"), [("a=%zz", "%zz"), ("a=1&b=50%", "%"), ("%4=x", "%4="), ("a=%%41", "%%4")]
)
def test_what_is_no_escape_is_refused(query: str, wrong: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Query(query)
    assert str(caught.value) == f'invalid URL escape "{wrong}"'


def test_many_fields_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="malformed query"):
        Query("a=b&" * 5000)


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("", {}),
        ("{}", {}),
        ('{"a":["b","c"]}', {"a": ["b", "c"]}),
        ('{"a":{"b":true,"c":true}}', {"a": ["b", "c"]}),
        ("null", {}),  # an empty map of Go's, as dockerd takes it
        ('{"a":null}', {"a": []}),
        ('{"a":["b",null]}', {"a": ["b", ""]}),
    ],
)
def test_filters(text: str, filters: dict[str, list[str]]) -> None:
    assert Query(f"filters={text}").filters() == filters


@pytest.mark.parametrize("text", ["x", "[]", '{"a":"b"}', '{"a":[1]}', "[" * 100_000])
def test_malformed_filters(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^invalid filter$"):
        Query(f"filters={text}").filters()


def test_filters_of_more_values_than_somebody_looks_for() -> None:
    """Each is held against every container, and nobody else is answered meanwhile."""
    values = ",".join(f'"{number}"' for number in range(500))
    assert len(Query(f'filters={{"id":[{values}]}}').filters()["id"]) == 500
    with pytest.raises(InvalidArgument, match="more than 1000 values"):
        Query(f'filters={{"id":[{values}],"name":[{values}],"label":["x"]}}').filters()
