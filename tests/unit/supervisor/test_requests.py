"""What a shim answers to whoever asks it at its socket."""

import socket
from pathlib import Path

from seacan.supervisor import protocol
from seacan.supervisor.loop import Loop
from seacan.supervisor.protocol import Message
from seacan.supervisor.requests import Answer, RequestSocket


def test_an_answer_that_fails_in_an_unforeseen_way_does_not_end_the_shim(tmp_path: Path) -> None:
    """A container ends with its shim: a size that no terminal has ended it."""
    loop = Loop()
    calls = {"resize": _overflowing, "watch": _watched}
    requests = RequestSocket(loop, tmp_path, calls)
    assert _asked(loop, tmp_path, "resize") == {"error": "Internal", "text": "out of range"}
    assert _asked(loop, tmp_path, "watch") == {"pid": 7}
    requests.close()


def _overflowing(message: Message, descriptors: list[int]) -> Answer:
    raise OverflowError("out of range")


def _watched(message: Message, descriptors: list[int]) -> Answer:
    return Answer({"pid": 7})


def _asked(loop: Loop, bundle: Path, request: str) -> Message:
    with socket.socket(socket.AF_UNIX, protocol.SOCKET_TYPE) as asker:
        asker.connect(str(bundle / "shim.sock"))
        protocol.send(asker, {"request": request})
        loop.run_once()
        received = protocol.receive(asker)
    assert received is not None
    return received[0]
