import json
from pathlib import Path

import pytest

from seacan.cli.build import output
from seacan.cli.build.options import FLAGS, build_args, query_of, secrets
from seacan.cli.build.output import Output
from seacan.cli.build.sources import Source
from seacan.cli.flags import FlagError, parse
from seacan.errors import InvalidArgument, SeacanError, Unsupported


def query(*words: str) -> dict[str, object]:
    values, _ = parse(FLAGS, words)
    arguments = build_args(values.texts("build-arg"))
    found = query_of(values, Source(), values.mapping("build-context"), arguments)
    return {name: value for name, value in found.items() if value not in (None, False, [])}


def test_without_options() -> None:
    assert query() == {"dockerfile": "Dockerfile", "rm": True, "forcerm": True}


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["-t", "a", "--tag", "b:1"], "t", ["a", "b:1"]),
        (["--build-arg", "A=b=c", "--build-arg", "HOME_OF_X"], "buildargs",
         '{"A": "b=c", "HOME_OF_X": "there"}'),
        (["--build-arg", "NONE_OF_IT"], "buildargs", '{"NONE_OF_IT": null}'),
        (["--label", "a=b", "--label", "c"], "labels", '{"a": "b", "c": ""}'),
        (["--add-host", "h=1.2.3.4"], "extrahosts", ["h:1.2.3.4"]),
        (["--network", "none"], "networkmode", "none"),
        (["--no-cache"], "nocache", True),
        (["--no-cache-filter", "a,b"], "nocachefilter", ["a", "b"]),
        (["--cache-from", "x"], "cachefrom", '["x"]'),
        (["--cache-to", "type=inline"], "cacheto", '["type=inline"]'),
        (["--target", "x"], "target", "x"),
        (["--platform", "linux/arm64"], "platform", "linux/arm64"),
        (["--platform", "a,b", "--platform", "c"], "platform", "a,b,c"),
        (["-m", "1k"], "memory", 1024),
        (["--memory-swap", "-1"], "memswap", -1),
        (["--shm-size", "1m"], "shmsize", 1 << 20),
        (["-c", "5"], "cpushares", 5),
        (["--cpus", "1.5"], "cpuquota", 150_000),
        (["--ulimit", "nofile=1:2"], "ulimits", '[{"Name": "nofile", "Soft": 1, "Hard": 2}]'),
        (["--build-context", "x=docker-image://y"], "contexts", '{"x": "docker-image://y"}'),
        (["--pull"], "pull", True),
        (["--squash"], "squash", True),
        (["-q"], "q", True),
    ],
)  # fmt: skip
def test_query(words: list[str], name: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME_OF_X", "there")
    monkeypatch.delenv("NONE_OF_IT", raising=False)
    assert query(*words)[name] == value


@pytest.mark.parametrize(
    "words", [["--cpus", "1", "--cpu-quota", "5"], ["--build-arg", "=x"], ["--rm=false"]]
)
def test_refused(words: list[str]) -> None:
    with pytest.raises((InvalidArgument, Unsupported)):
        query(*words)


def test_no_such_progress() -> None:
    with pytest.raises(FlagError, match="auto, plain, tty, quiet, rawjson"):
        parse(FLAGS, ["--progress", "x"])


def test_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"\0secret")
    monkeypatch.setenv("TOKEN", "t")
    path = tmp_path / "file"
    assert secrets([f"id=a,src={path}", "id=b,env=TOKEN", "id=TOKEN", f"type=file,id={path}"]) == {
        "a": b"\0secret",
        "b": b"t",
        "TOKEN": b"t",
        str(path): b"\0secret",
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("src=x", "invalid secret"),
        ("id=a,src=x,env=B", "invalid secret"),
        ("id=a,colour=red", "invalid secret"),
        ("id=a,env=NO_SUCH_VARIABLE", "there is no variable NO_SUCH_VARIABLE"),
        ("id=a,src=/none", "open /none: no such file or directory"),
        ("id=a,src=/dev/zero", "secret a: read /dev/zero: not a regular file"),
    ],
)
def test_no_secret(text: str, why: str) -> None:
    with pytest.raises(InvalidArgument, match=why):
        secrets([text])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-", Output("tar")),
        ("out", Output("local", "out")),
        ("type=local,dest=out", Output("local", "out")),
        ("type=tar,dest=x.tar", Output("tar", "x.tar")),
        ("type=oci,dest=-", Output("oci")),
        ("type=docker", Output("docker")),
        ("type=registry", Output("registry")),
        ("type=image,name=a,push=true", Output("registry", names=("a",))),
    ],
)
def test_outputs(text: str, expected: Output) -> None:
    assert output.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("type=local", "dest is required for local output"),
        ("type=local,dest=-", "dest is required for local output"),
        ("type=x", 'invalid output type "x"'),
        ("dest=x", 'invalid output type ""'),
        ("type=tar", "dest is required for tar output"),
        ("type=image,dest=x", "image output has no dest"),
        ("type=oci,dest=x,compression=zstd", "not supported: compression of --output"),
    ],
)
def test_no_output(text: str, why: str) -> None:
    with pytest.raises(SeacanError, match=why):
        output.parse(text)


def test_arguments_are_json() -> None:
    assert json.loads(str(query("--build-arg", 'A="ü')["buildargs"])) == {"A": '"ü'}
