"""The shim's event loop: who is called for what."""

import os
import socket

from seacan.supervisor.loop import READABLE, URGENT, WRITABLE, Loop


def test_each_interest_has_its_call() -> None:
    loop, called = Loop(), []
    one, other = socket.socketpair()
    with one, other:
        loop.watch(one.fileno(), READABLE, lambda: called.append("readable"))
        loop.watch(one.fileno(), WRITABLE, lambda: called.append("writable"))
        loop.run_once()
        assert called == ["writable"]
        other.send(b"x")
        loop.ignore(one.fileno(), WRITABLE)
        loop.run_once()
        assert called == ["writable", "readable"]
        loop.ignore(one.fileno(), READABLE)


def test_what_is_urgent() -> None:
    """As memory.events is; out-of-band data is, too, and needs no cgroup."""
    loop, called = Loop(), []
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, socket.create_connection(listener.getsockname()) as one:
        other, _ = listener.accept()
        with other:
            loop.watch(one.fileno(), URGENT, lambda: called.append("urgent"))
            other.send(b"!", socket.MSG_OOB)
            loop.run_once()
            assert called == ["urgent"]
            loop.ignore(one.fileno(), URGENT)


def test_a_hang_up_is_news_for_everyone() -> None:
    loop, called = Loop(), []
    read, write = os.pipe()
    os.close(write)
    loop.watch(read, URGENT, lambda: called.append("urgent"))
    loop.run_once()
    assert called == ["urgent"]
    loop.ignore(read, URGENT)
    os.close(read)
