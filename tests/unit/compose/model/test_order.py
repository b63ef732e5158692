import threading
from itertools import pairwise

import pytest

from seacan.compose.model.order import dependencies_of, dependents_of, for_all, in_order, in_turn
from seacan.errors import InvalidArgument

SERVICES: dict[str, dict[str, dict[str, object]]] = {
    "web": {"depends_on": {"api": {}, "gone": {}}},
    "api": {"depends_on": {"db": {}}},
    "db": {},
    "alone": {},
}


def test_both_directions() -> None:
    assert dependencies_of(SERVICES)["web"] == {"api"}
    assert dependents_of(SERVICES)["db"] == {"api"}


def test_all_in_turn() -> None:
    assert in_turn(dependencies_of(SERVICES)) == ["alone", "db", "api", "web"]


def test_a_circle_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="dependency cycle detected: b -> c -> b"):
        in_turn({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()})


def test_there_may_be_more_names_than_calls_in_each_other() -> None:
    names = [f"{at:04}" for at in range(2000)]
    before: dict[str, set[str]] = {"0000": set()}
    before |= {name: {other} for other, name in pairwise(names)}
    assert in_turn(dict(reversed(before.items()))) == names
    done: list[str] = []
    in_order(before, done.append)
    assert done == names


def test_each_after_what_it_depends_on() -> None:
    done: list[str] = []
    in_order(dependencies_of(SERVICES), done.append)
    assert sorted(done) == sorted(SERVICES)
    assert done.index("db") < done.index("api") < done.index("web")


def test_independent_ones_run_side_by_side() -> None:
    both = threading.Barrier(2, timeout=60)

    def meet(name: str) -> None:
        if name in ("db", "alone"):
            both.wait()

    in_order(dependencies_of(SERVICES), meet)


def test_after_an_error_nothing_new_begins() -> None:
    begun: list[str] = []

    def act(name: str) -> None:
        begun.append(name)
        if name == "db":
            raise ValueError(name)

    with pytest.raises(ValueError, match="db"):
        in_order(dependencies_of(SERVICES), act)
    assert "api" not in begun


def test_no_more_at_once_than_asked() -> None:
    most, now = [0], [0]
    lock = threading.Lock()

    def act(_: int) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        with lock:
            now[0] -= 1

    for_all(range(20), act, at_once=1)
    assert most == [1]


def test_one_alone_needs_no_thread() -> None:
    threads = []
    for_all(["a"], lambda _: threads.append(threading.current_thread()))
    assert threads == [threading.current_thread()]


def test_all_are_done_where_one_makes_many_ready() -> None:
    before: dict[str, set[str]] = {"first": set(), **{str(at): {"first"} for at in range(30)}}
    done: list[str] = []
    in_order(before, done.append, at_once=3)
    assert done[0] == "first"
    assert sorted(done) == sorted(before)
