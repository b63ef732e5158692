import pytest

from seacan.kernel import capabilities


@pytest.mark.parametrize(
    ("name", "number"),
    [("CAP_CHOWN", 0), ("CAP_SYS_ADMIN", 21), ("CAP_SETFCAP", 31), ("CAP_CHECKPOINT_RESTORE", 40)],
)
def test_numbers_of_linux_capability_h(name: str, number: int) -> None:
    assert capabilities.NUMBERS[name] == number
    assert capabilities.names_of(1 << number) == [name]


def test_mask_and_back() -> None:
    names = ["CAP_CHOWN", "CAP_KILL", "CAP_BPF"]
    assert capabilities.names_of(capabilities.mask_of(names)) == names


def test_unknown_name_counts_for_nothing() -> None:
    assert capabilities.mask_of(["CAP_FLY", "CAP_CHOWN"]) == 1
