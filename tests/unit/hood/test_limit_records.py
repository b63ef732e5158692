from pathlib import Path

from msgspec.structs import replace

from seacan.hood.limit_records import LimitRecord, LimitRecords

RECORD = LimitRecord(7, 99, "yes", "/seacan-limits/7-99", {"cpu": "/sys/fs/cgroup/cpu"}, cpus=0.1)


def test_what_is_written_is_read_by_the_next(tmp_path: Path) -> None:
    records = LimitRecords(tmp_path / "root")
    assert records.all() == []
    with records.locked():
        records.write(RECORD)
        records.write(replace(RECORD, pid=8, memory_bytes=1 << 30))
    assert LimitRecords(tmp_path / "root").all() == [
        RECORD,
        replace(RECORD, pid=8, memory_bytes=1 << 30),
    ]


def test_a_pid_that_is_used_again_is_another_process(tmp_path: Path) -> None:
    records = LimitRecords(tmp_path)
    with records.locked():
        records.write(RECORD)
        records.write(replace(RECORD, started=100))
        records.remove(RECORD)
        records.remove(RECORD)
    assert records.all() == [replace(RECORD, started=100)]
