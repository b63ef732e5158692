import os
from pathlib import Path

import bcrypt
import pytest

from seacan.errors import InvalidArgument
from seacan.registry.auth.htpasswd import Htpasswd


def line(user: str, password: str) -> bytes:
    return user.encode() + b":" + bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)) + b"\n"


def test_passwords(tmp_path: Path) -> None:
    path = tmp_path / "htpasswd"
    path.write_bytes(b"# users\n\n" + line("ci", "right") + line("é", "ü"))
    passwords = Htpasswd(path)

    for _ in range(2):  # the second time it is known
        assert passwords.check("ci", "right")
        assert passwords.check("é", "ü")
        assert not passwords.check("ci", "wrong")
        assert not passwords.check("ci", "")
        assert not passwords.check("ci", "right\0")
        assert not passwords.check("nobody", "right")
        assert not passwords.check("ci", "x" * 1000)


def test_who_is_unknown_costs_what_others_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `htpasswd -B` writes it, a hash costs 5: one of 10 would tell by the time."""
    path = tmp_path / "htpasswd"
    path.write_bytes(line("ci", "right") + line("other", "right"))
    passwords = Htpasswd(path)
    costs: list[bytes] = []

    def checked(_password: bytes, known: bytes) -> bool:
        costs.append(known)
        return True  # the stand-in's password, even

    monkeypatch.setattr(bcrypt, "checkpw", checked)
    for _ in range(2):
        assert not passwords.check("nobody", "right")
    assert [cost[:7] for cost in costs] == [b"$2b$04$"] * 2
    assert costs[0] == costs[1]


def test_a_hash_of_apache(tmp_path: Path) -> None:
    path = tmp_path / "htpasswd"
    path.write_bytes(line("ci", "right").replace(b"$2b$", b"$2y$"))

    assert Htpasswd(path).check("ci", "right")


def test_the_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "htpasswd"
    path.write_bytes(line("ci", "old"))
    passwords = Htpasswd(path)
    assert passwords.check("ci", "old")

    replace(path, line("ci", "new"))
    assert not passwords.check("ci", "old")
    assert passwords.check("ci", "new")

    replace(path, b"ci:plain\n")  # a mistake locks nobody out
    assert passwords.check("ci", "new")


def replace(path: Path, data: bytes) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(data)
    os.replace(other, path)


@pytest.mark.parametrize(
    "data",
    [b"ci:plain", b"ci:$apr1$x$y", b"ci", b":$2b$04$x", b"*:$2b$04$x", b"anonymous:$2b$04$x"],
)
def test_what_is_no_file_of_passwords(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "htpasswd"
    path.write_bytes(data)

    with pytest.raises(InvalidArgument, match="line 1"):
        Htpasswd(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="No such file"):
        Htpasswd(tmp_path / "none")
