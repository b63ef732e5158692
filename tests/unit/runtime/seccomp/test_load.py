import pytest

from seacan.errors import InvalidArgument
from seacan.runtime.seccomp.load import Filter, filter_flags
from seacan.spec.runtime import LinuxSyscall

WAIT_KILLABLE = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
NOTIFY: LinuxSyscall = {"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}


def test_flags() -> None:
    assert filter_flags({}) == 4
    assert filter_flags({"flags": []}) == 0
    assert filter_flags({"flags": ["SECCOMP_FILTER_FLAG_TSYNC"]}) == 0
    both = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]
    assert filter_flags({"flags": both}) == 6


def test_flags_that_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="unknown flag 'SECCOMP_FILTER_FLAG_MAGIC'"):
        filter_flags({"flags": ["SECCOMP_FILTER_FLAG_MAGIC"]})


def test_notifications_need_a_listener() -> None:
    assert filter_flags({"syscalls": [NOTIFY], "flags": []}) == 8
    assert filter_flags({"syscalls": [NOTIFY]}) == 12
    assert filter_flags({"syscalls": [NOTIFY], "flags": [WAIT_KILLABLE]}) == 40
    assert Filter(b"", 40).has_listener


def test_nothing_waits_without_notifications() -> None:
    assert filter_flags({"flags": [WAIT_KILLABLE]}) == 0
    assert not Filter(b"", 0, "/agent").has_listener
