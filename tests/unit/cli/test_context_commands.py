import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seacan.cli import main
from seacan.cli.session import Exit


@pytest.fixture
def contexts(config_directory: Path) -> Path:
    return config_directory


def seacan(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Return exit code, output and complaint of a command."""
    try:
        code = main.run(["context", *words])
        complaint = ""
    except Exit as end:
        code, complaint = end.code, end.text + "\n"
    captured = capsys.readouterr()
    return code, captured.out, captured.err + complaint


def inspect(capsys: pytest.CaptureFixture[str], name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(seacan(capsys, "inspect", name)[1])[0]
    return found


def test_a_life(contexts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (contexts / "ca").write_bytes(b"")
    assert seacan(capsys, "show") == (0, "default\n", "")
    host = "host=ssh://me@there"
    assert seacan(capsys, "create", "prod", "--docker", host, "--description", "far") == (
        0,
        "prod\n",
        'Successfully created context "prod"\n',
    )
    assert inspect(capsys, "prod") == {
        "Name": "prod",
        "Metadata": {"Description": "far"},
        "Endpoints": {"docker": {"Host": "ssh://me@there", "SkipTLSVerify": False}},
        "TLSMaterial": {},
        "Storage": {
            "MetadataPath": f"{contexts}/contexts/meta/{DIGEST}",
            "TLSPath": f"{contexts}/contexts/tls/{DIGEST}",
        },
    }
    assert seacan(capsys, "use", "prod") == (0, "prod\n", 'Current context is now "prod"\n')
    assert seacan(capsys, "show") == (0, "prod\n", "")
    assert seacan(capsys, "rm", "prod")[2] == (
        'context "prod" is in use, set -f flag to force remove\n'
    )
    assert seacan(capsys, "update", "prod", "--docker", "host=tcp://x,skip-tls-verify=t")[0] == 0
    assert inspect(capsys, "prod")["Endpoints"] == {
        "docker": {"Host": "tcp://x", "SkipTLSVerify": True}
    }
    assert seacan(capsys, "rm", "-f", "prod") == (0, "prod\n", "")
    assert seacan(capsys, "show") == (0, "default\n", "")
    assert seacan(capsys, "ls", "-q") == (0, "default\n", "")


# sha256 of "prod"
DIGEST = "6754af9632a2745e85c293e5aac0863370d9bd3330b9938c00cadfd215227d77"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["create", "x"], 'context name "x" is invalid, names are validated against regexp "^[a-z'),
        (["create", ""], "context name cannot be empty"),
        (["create", "default"], '"default" is a reserved context name'),
        (["create", "there"], 'context "there" already exists'),
        (["create", "new", "--docker", "bogus=1"], "unable to create docker endpoint config: unre"),
        (["create", "new", "--docker", "host=foo://"], "unable to create docker endpoint config: "),
        (
            ["create", "new", "--docker", "host=tcp://x,ca=/none"],
            "unable to create docker endpoint config: open /none: no such file or directory",
        ),
        (
            ["create", "new", "--docker", "host=tcp://x,skip-tls-verify=maybe"],
            'unable to create docker endpoint config: skip-tls-verify: parsing "maybe": invalid sy',
        ),
        (
            ["create", "new", "--from", "a1", "--docker", "host=x"],
            "cannot use --docker flag when -",
        ),
        (["create", "new", "--from", "none"], 'context "none": context not found: open /'),
        (["update", "none"], 'context "none": context not found: open /'),
        (["use", "none"], 'context "none": context not found: open /'),
        (["rm", "none"], 'context "none" does not exist'),
        (["rm", "default"], 'context "default" cannot be removed'),
        (["export", "none", "-"], 'context "none": context not found: open /'),
        (["import", "there", "/none"], 'context "there" already exists'),
        (["import", "new", "/none"], "open /none: no such file or directory"),
        (["inspect", "none"], 'context "none": context not found: open /'),
    ],
)
def test_refusals(
    words: list[str], complaint: str, contexts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seacan(capsys, "create", "there", "--docker", "host=tcp://x")[0] == 0
    code, _, text = seacan(capsys, *words)
    assert (code, text[: len(complaint)]) == (1, complaint)
    assert seacan(capsys, "ls", "-q")[1] == "default\nthere\n"


def test_the_list(
    contexts: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ctx10", "ctx9"):
        assert seacan(capsys, "create", name, "--docker", "host=tcp://x")[0] == 0
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    lines = seacan(capsys, "ls")[1].splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", "ctx9", "ctx10", "default", "gone"]
    assert lines[4].startswith("gone *")
    assert ' context "gone": context not found: open /' in lines[4]
    monkeypatch.setenv("DOCKER_HOST", "tcp://y")
    code, out, warning = seacan(capsys, "ls")
    assert (code, "default *" in out, "gone" in out) == (0, True, False)
    assert warning.startswith("Warning: DOCKER_HOST environment variable overrides the active ")


def test_keys_travel_with_it(contexts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = contexts / "a.tar"
    with tarfile.open(archive, "w") as written:
        for name, data in (("meta.json", META), ("tls/docker/ca.pem", b"CA")):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            written.addfile(entry, io.BytesIO(data))
    assert seacan(capsys, "import", "one", str(archive))[0] == 0
    assert seacan(capsys, "create", "two", "--from", "one", "--description", "copy")[0] == 0
    exported = contexts / "two.tar"
    assert seacan(capsys, "export", "two", str(exported)) == (
        0,
        "",
        f'Written file "{exported}"\n',
    )
    assert exported.stat().st_mode & 0o777 == 0o600
    assert seacan(capsys, "export", "two", str(exported))[2].endswith("file exists\n")
    assert seacan(capsys, "import", "three", str(exported))[0] == 0
    found = inspect(capsys, "three")
    assert found["TLSMaterial"] == {"docker": ["ca.pem"]}
    assert found["Metadata"] == {"Description": "copy", "Other": {"kept": 1}}
    assert Path(found["Storage"]["TLSPath"], "docker", "ca.pem").read_bytes() == b"CA"


META = json.dumps(
    {
        "Name": "x",
        "Metadata": {"Other": {"kept": 1}},
        "Endpoints": {"docker": {"Host": "tcp://x", "SkipTLSVerify": False}},
    }
).encode()


def test_a_zip_is_taken(
    contexts: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("meta.json", META)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(written.getvalue())))
    assert seacan(capsys, "import", "zipped", "-")[0] == 0
    assert inspect(capsys, "zipped")["Name"] == "zipped"


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({}, "invalid context: no metadata found"),
        ({"meta.json": b"["}, "invalid context: "),
        ({"meta.json": b"[" * 100_000}, "invalid context: "),
        ({"meta.json": META, "other": b""}, "other: unexpected context file"),
        ({"meta.json": META, "tls/ca.pem": b""}, "tls/ca.pem: unexpected path format"),
        ({"meta.json": META, "tls/../x": b""}, "tls/../x: unexpected path format"),
        ({"meta.json": META, "tls/a/../../x": b""}, "tls/a/../../x: unexpected path format"),
    ],
)
def test_archives_that_are_wrong(
    files: dict[str, bytes],
    complaint: str,
    contexts: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    archive = contexts / "a.tar"
    with tarfile.open(archive, "w") as written:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            written.addfile(entry, io.BytesIO(data))
    code, _, text = seacan(capsys, "import", "new", str(archive))
    assert (code, text[: len(complaint)]) == (1, complaint)
    assert not (contexts / "contexts").exists()


def test_a_broken_file_is_named(contexts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert seacan(capsys, "create", "prod", "--docker", "host=tcp://x")[0] == 0
    path = contexts / "contexts" / "meta" / DIGEST / "meta.json"
    path.write_text("{")
    assert seacan(capsys, "inspect", "prod")[2].startswith(f"parsing {path}: ")
