import pytest

from seacan.engine import shutdown


@pytest.mark.parametrize(
    ("times_s", "least_s", "longest_s"),
    [
        ([], 15, 15),
        ([10, 10], 15, 15),
        ([10, 60], 15, 65),  # and five to end after SIGKILL
        ([10], 300, 300),
        ([10, -1], 15, None),
        ([10], -1, None),
        ([], 0, 0),
    ],
)
def test_the_slowest_container_is_waited_for(
    times_s: list[int], least_s: int, longest_s: float | None
) -> None:
    assert shutdown.longest_s(times_s, least_s) == longest_s
