import os
import signal

from seacan.kernel import processes


def test_start_time_of_this_process() -> None:
    started = processes.start_time(os.getpid())
    assert started is not None
    assert 0 < started < os.sysconf("SC_CLK_TCK") * 10**9
    assert processes.start_time(os.getpid()) == started


def test_start_time_of_a_zombie_and_of_nobody() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert processes.start_time(pid) is None
    os.waitpid(pid, 0)
    assert processes.start_time(pid) is None


def test_pidfd_needs_the_start_time() -> None:
    started = processes.start_time(os.getpid())
    assert started is not None
    assert processes.open_pidfd(os.getpid(), started + 1) is None
    fd = processes.open_pidfd(os.getpid(), started)
    assert fd is not None
    assert not processes.wait_exit(fd, 0)
    os.close(fd)


def test_pidfd_of_a_leader_that_is_gone_before_its_session() -> None:
    reader, writer = os.pipe()
    leader = os.fork()
    if leader == 0:
        os.setsid()
        if os.fork() == 0:
            os.close(writer)
            os.read(reader, 1)
        os._exit(0)
    started = processes.start_time(leader)
    os.waitpid(leader, 0)
    assert processes.open_pidfd(leader, started or 0) is None
    os.close(reader)
    os.close(writer)


def test_all_descriptors_but_some_are_closed() -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        processes.close_all_but((1, writer))
        os.write(writer, " ".join(sorted(os.listdir("/proc/self/fd"), key=int)).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    kept = [int(fd) for fd in os.read(reader, 4096).split()]
    os.close(reader)
    assert kept[:3] == [0, 1, 2]
    assert writer in kept
    assert len(kept) == 5  # the listing's own is the fifth


def test_signals_have_their_default_actions_again() -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        processes.reset_signals()
        os.write(writer, str(processes._signals_not_default()).encode())
        os._exit(len(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
    os.close(writer)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert os.read(reader, 100) == f"[{signal.SIGPIPE}]".encode()
    os.close(reader)
