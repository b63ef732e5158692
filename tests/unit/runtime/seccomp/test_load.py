import pytest

from seacan.errors import InvalidArgument, Unsupported
from seacan.runtime.seccomp.load import filter_flags


def test_flags() -> None:
    assert filter_flags({}) == 4
    assert filter_flags({"flags": []}) == 0
    assert filter_flags({"flags": ["SECCOMP_FILTER_FLAG_TSYNC"]}) == 0
    both = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]
    assert filter_flags({"flags": both}) == 6


def test_flags_that_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="unknown flag 'SECCOMP_FILTER_FLAG_MAGIC'"):
        filter_flags({"flags": ["SECCOMP_FILTER_FLAG_MAGIC"]})
    with pytest.raises(Unsupported, match="WAIT_KILLABLE_RECV is not supported"):
        filter_flags({"flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]})
