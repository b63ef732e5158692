"""The descriptors of the process that runs the tests."""

import contextlib
import gc
import os
from collections.abc import Iterator


@contextlib.contextmanager
def none_kept() -> Iterator[None]:
    """Fail unless those that are open after the block are those that were open before it."""
    gc.collect()  # what earlier tests left for the collector may hold some, and go meanwhile
    before = os.listdir("/proc/self/fd")
    yield
    assert os.listdir("/proc/self/fd") == before
