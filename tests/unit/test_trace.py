import os

from seacan import trace


def test_marks_of_several_processes_are_one_record() -> None:
    fd = trace.begin()
    try:
        trace.mark(fd, "daemon", "asked to start")
        child = os.fork()
        if child == 0:
            trace.mark(fd, "init", "mount tmpfs /a b\udcff")
            os._exit(0)
        os.waitpid(child, 0)
        copy = os.dup(fd)
        trace.mark(copy, "daemon", "told")
        os.close(copy)
        marks = trace.read(fd)
    finally:
        os.close(fd)
    assert [(mark.who, mark.what) for mark in marks] == [
        ("daemon", "asked to start"),
        ("init", "mount tmpfs /a b\\udcff"),
        ("daemon", "told"),
    ]
    times = [mark.at_ns for mark in marks]
    assert times == sorted(times)


def test_what_is_not_traced_is_not_written() -> None:
    trace.mark(trace.NOT_TRACED, "daemon", "x")
    fd = trace.begin()
    try:
        assert trace.read(fd) == []
        assert not os.get_inheritable(fd)
    finally:
        os.close(fd)
