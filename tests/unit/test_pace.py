"""What counts as keeping up."""

from seacan.pace import Pace


def test_a_turn_with_enough_begins_another() -> None:
    pace = Pace(100, 10.0)
    for _ in range(5):
        assert pace.keeps_up(50, 5.0)
        assert pace.keeps_up(50, 5.0)


def test_a_turn_with_too_little_does_not_keep_up() -> None:
    pace = Pace(100, 10.0)
    assert pace.keeps_up(1000, 9.0)
    assert pace.keeps_up(0, 1.0)  # what came in a turn counts in all of it
    assert pace.keeps_up(99, 9.9)
    assert not pace.keeps_up(0, 0.1)


def test_time_without_a_wait_is_no_time() -> None:
    pace = Pace(100, 10.0)
    assert all(pace.keeps_up(1, 0.0) for _ in range(1000))
