from seacan.compose.model.path_table import PathTable, rewrite

TABLE = PathTable({"a.*": "any", "a.b": "b", "a.*.c": "below", "d": "d", "": "empty"})


def test_a_part_that_is_named_counts_before_any() -> None:
    assert TABLE.find(("a", "x")) == "any"
    assert TABLE.find(("a", "b")) == "b"
    assert TABLE.find(("a", "b", "c")) == "below"
    assert TABLE.find(("d",)) == "d"


def test_what_no_pattern_stands_for() -> None:
    for path in ((), ("a",), ("d", "e"), ("a", "b", "d"), ("a", "b", "c", "d")):
        assert TABLE.find(path) is None


def test_outer_parts_are_changed_before_inner_ones() -> None:
    table = PathTable({"a": lambda value, _: {"b": value}, "a.b": lambda value, _: value + 1})
    assert rewrite({"a": 1, "c": [1]}, table) == {"a": {"b": 2}, "c": [1]}
