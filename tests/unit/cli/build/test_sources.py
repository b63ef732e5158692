import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from seacan.cli.build import archive, contexts, sources
from seacan.cli.build.sources import Source
from seacan.errors import InvalidArgument, SeacanError

TEXT = "FROM busybox\nCOPY . /x\n"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    (root / "src").mkdir(parents=True)
    (root / "Dockerfile").write_text(TEXT)
    (root / "src" / "main.py").write_text("print()")
    (root / "src" / "main.pyc").write_text("x")
    (root / "README.md").write_text("read me")
    (root / "link").symlink_to("/etc/passwd")
    return root


def test_directories_as_contexts(context: Path, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.so").write_text("x")
    (tmp_path / "lib" / ".dockerignore").write_text("*.o\n.docker*")
    (tmp_path / "lib" / "a.o").write_text("x")
    source = sources.find(str(context), "")
    whole, places = contexts.with_contexts(
        source, {"base": "docker-image://x", "lib": str(tmp_path / "lib")}
    )
    assert places == {"base": "docker-image://x", "lib": "sent://.seacan-context-1"}
    assert list(members(whole))[-2:] == [".seacan-context-1", ".seacan-context-1/a.so"]
    assert "Dockerfile" in members(contexts.with_contexts(sources.find(str(context), ""), {})[0])


@pytest.mark.parametrize(("path", "place"), [("https://x", "."), (".", "/none")])
def test_no_directories_as_contexts(
    context: Path, path: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(context)
    with pytest.raises(SeacanError):
        contexts.with_contexts(sources.find(path, ""), {"x": place})


def members(source: Source) -> dict[str, tarfile.TarInfo]:
    return {member.name: member for member in opened(source)}


def opened(source: Source) -> tarfile.TarFile:
    pieces = archive.pieces(source.files) if source.files else source.pieces
    return tarfile.open(fileobj=io.BytesIO(b"".join(pieces)))


def content(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


def test_a_directory_is_sent_as_it_is(context: Path) -> None:
    os.chmod(context / "src" / "main.py", 0o640)
    os.utime(context / "README.md", ns=(1, 1_500_000_000_123_456_789))
    found = members(sources.find(str(context), ""))
    assert list(found) == ["Dockerfile", "README.md", "link", "src", "src/main.py", "src/main.pyc"]
    assert found["src/main.py"].mode == 0o640
    assert found["README.md"].pax_headers["mtime"] == "1500000000.123456789"
    assert found["link"].linkname == "/etc/passwd"
    assert {(member.uid, member.gid, member.uname) for member in found.values()} == {(0, 0, "")}


def test_ignored_files_stay_here(context: Path) -> None:
    (context / ".dockerignore").write_text("**/*.pyc\nREADME.md\n")
    source = sources.find(str(context), "")
    assert list(members(source)) == [".dockerignore", "Dockerfile", "link", "src", "src/main.py"]
    assert (source.dockerfile, source.text) == ("Dockerfile", TEXT.encode())


def test_a_dockerfile_may_have_rules_of_its_own(context: Path) -> None:
    (context / ".dockerignore").write_text("*.md")
    (context / "src" / "app.Dockerfile").write_text(TEXT)
    (context / "src" / "app.Dockerfile.dockerignore").write_text(
        "*\n!src/*.py\n!src/app.Dockerfile"
    )
    source = sources.find(str(context), str(context / "src" / "app.Dockerfile"))
    assert source.dockerfile == "src/app.Dockerfile"
    assert list(members(source)) == ["src/app.Dockerfile", "src/main.py"]


def test_an_ignored_dockerfile_is_for_the_daemon_alone(context: Path) -> None:
    (context / ".dockerignore").write_text("Dockerfile\n*.md")
    source = sources.find(str(context), "")
    name = f".dockerfile.{hashlib.sha256(TEXT.encode()).hexdigest()[:20]}"
    assert source.dockerfile == name
    archive = opened(source)
    assert "Dockerfile" not in archive.getnames()
    assert content(archive, name) == TEXT.encode()
    assert content(archive, ".dockerignore").decode() == f"Dockerfile\n*.md\n{name}\n"


def test_a_dockerfile_from_elsewhere(context: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("FROM scratch\n")
    source = sources.find(str(context), str(tmp_path / "other"))
    archive = opened(source)
    assert content(archive, source.dockerfile) == b"FROM scratch\n"
    hidden = content(archive, ".dockerignore").decode().split()
    assert hidden == [source.dockerfile, ".dockerignore"]
    assert "Dockerfile" in archive.getnames()


def test_a_lower_case_dockerfile_is_found(context: Path) -> None:
    (context / "Dockerfile").rename(context / "dockerfile")
    assert sources.find(str(context), "").dockerfile == "dockerfile"


def test_a_long_name_and_no_text(context: Path) -> None:
    name = os.fsdecode(b"\xff" + b"n" * 150)
    (context / "src" / name).write_text("x")
    assert f"src/{name}" in members(sources.find(str(context), ""))


def test_sockets_are_left_out(context: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(context / "socket"))
    assert "socket" not in members(sources.find(str(context), ""))


@pytest.mark.parametrize(
    ("path", "dockerfile", "sentence"),
    [
        ("none", "", 'unable to prepare context: path "none" not found'),
        ("/dev/null", "", 'unable to prepare context: path "/dev/null" is no directory'),
        ("-", "-", "invalid argument: can't use stdin for both build context and dockerfile"),
        (".", "/none", "unable to prepare context: open /none: no such file or directory"),
        (".", "/dev/null", "the Dockerfile (/dev/null) cannot be empty"),
    ],
)
def test_errors(path: str, dockerfile: str, sentence: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        sources.find(path, dockerfile)
    assert str(raised.value) == sentence


def test_a_dockerfile_does_not_lead_out(context: Path) -> None:
    (context / "Dockerfile").unlink()
    (context / "Dockerfile").symlink_to("/etc/hostname")
    with pytest.raises(InvalidArgument, match="must be within the build context"):
        sources.find(str(context), "")


@pytest.mark.parametrize(
    "url", ["https://example.com/x.tar", "git@example.com:x", "github.com/a/b#main"]
)
def test_urls_are_the_daemons(url: str) -> None:
    source = sources.find(url, "sub/Dockerfile")
    assert (source.remote, source.dockerfile, b"".join(source.pieces)) == (
        url,
        "sub/Dockerfile",
        b"",
    )


def from_stdin(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setattr(sources, "open_archive", lambda _: io.BytesIO(data))
    return sources.find("-", "")


def test_a_dockerfile_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = opened(from_stdin(TEXT.encode(), monkeypatch))
    assert archive.getnames() == ["Dockerfile"]
    assert content(archive, "Dockerfile") == TEXT.encode()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_an_archive_on_standard_input(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]
        archive.addfile(tarfile.TarInfo("a" * 120))
    assert b"".join(from_stdin(made.getvalue(), monkeypatch).pieces) == made.getvalue()


def test_nothing_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidArgument, match="cannot be empty"):
        from_stdin(b"\n", monkeypatch)
