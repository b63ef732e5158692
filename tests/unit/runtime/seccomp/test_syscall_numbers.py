import pytest

from seacan.runtime.seccomp.syscall_numbers import X32_BIT, numbers


@pytest.mark.parametrize(
    ("abi", "name", "number"),
    [
        ("x86_64", "read", 0),
        ("x86_64", "pkey_free", 331),
        ("x86_64", "clone3", 435),
        ("i386", "restart_syscall", 0),
        ("i386", "socket", 359),
        ("i386", "clock_gettime64", 403),
        ("x32", "read", X32_BIT),
        ("x32", "execve", X32_BIT | 520),
        ("x32", "mseal", X32_BIT | 462),
        ("aarch64", "io_setup", 0),
        ("aarch64", "clone", 220),
        ("arm", "arm_sync_file_range", 341),
        ("arm", "set_tls", 0xF0005),
        ("arm", "rseq_slice_yield", 471),
    ],
)
def test_known_numbers(abi: str, name: str, number: int) -> None:
    assert numbers(abi)[name] == number


@pytest.mark.parametrize(
    ("abi", "name"),
    [
        ("x32", "uselib"),
        ("x32", "map_shadow_stack"),
        ("arm", "memfd_secret"),
        ("aarch64", "open"),
        ("x86_64", "socketcall"),
    ],
)
def test_absent_calls(abi: str, name: str) -> None:
    assert name not in numbers(abi)


@pytest.mark.parametrize("abi", ["x86_64", "i386", "x32", "aarch64", "arm"])
def test_no_number_is_given_twice(abi: str) -> None:
    assert len(set(numbers(abi).values())) == len(numbers(abi)) > 300
