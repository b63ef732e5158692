import threading

from seacan.volumes.turns import Turns


def test_one_at_a_time_for_each_name() -> None:
    turns, order = Turns(), list[str]()
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with turns.take(["b", "a"]):
            order.append("second")

    thread = threading.Thread(target=second)
    with turns.take(["a", "a", "c"]):
        thread.start()
        begun.wait()
        with turns.take(["d"]):  # nobody has it
            order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_nothing_is_remembered_of_a_turn_that_is_over() -> None:
    turns = Turns()
    with turns.take(["a", "b"]):
        assert len(turns._locks) == 2
    assert not turns._locks
