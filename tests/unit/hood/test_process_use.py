import os

import pytest

from seacan.hood.process_use import Reading, read_use


def test_busy_cpus_are_the_time_used_in_the_time_passed() -> None:
    before = Reading(at_s=10.0, cpu_s=4.0, memory_bytes=0, processes=1)
    assert Reading(12.0, 5.0, 0, 1).cpus_since(before) == pytest.approx(0.5)


def test_a_process_that_ended_takes_its_time_along() -> None:
    before = Reading(10.0, 4.0, 0, 2)
    assert Reading(12.0, 1.0, 0, 1).cpus_since(before) == 0.0


def test_processes_that_are_gone_are_not_counted() -> None:
    reading = read_use([os.getpid(), 2**22 + 1])
    assert reading.processes == 1
    assert reading.memory_bytes > 1 << 20
