"""Which daemon a command line is about: flags, environment, contexts."""

import json
from pathlib import Path

import pytest

from seacan.cli import flags, main
from seacan.cli.global_flags import GLOBAL_FLAGS, session_of
from seacan.cli.session import Exit, Session
from seacan.client.contexts import Contexts
from seacan.errors import SeacanError

pytestmark = pytest.mark.usefixtures("config_directory")


def session(*words: str) -> Session:
    return session_of(flags.parse(GLOBAL_FLAGS, words)[0])


def chosen(*words: str) -> str:
    """Return where the daemon is that the words and the environment name."""
    found = session(*words)
    return str(found.choice.endpoint(found.context))


def complaint(*words: str) -> str:
    with pytest.raises(SeacanError) as raised:
        chosen(*words)
    return str(raised.value).removeprefix("Failed to initialize: unable to resolve docker ")


def make_context(directory: Path, name: str) -> None:
    Contexts(str(directory / "contexts")).write(
        {
            "Name": name,
            "Metadata": {},
            "Endpoints": {"docker": {"Host": f"tcp://{name}", "SkipTLSVerify": False}},
        }
    )


def test_the_order(config_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("configured", "environment", "flag"):
        make_context(config_directory, name)
    assert session().context == "default"
    assert chosen() == "None"
    (config_directory / "config.json").write_text('{"currentContext": "configured"}')
    assert chosen() == "tcp://configured:2375"
    monkeypatch.setenv("DOCKER_CONTEXT", "environment")
    assert chosen() == "tcp://environment:2375"
    monkeypatch.setenv("DOCKER_HOST", "tcp://host")
    assert chosen() == "tcp://host:2375"
    assert chosen("-H", "tcp://flag-host") == "tcp://flag-host:2375"
    assert chosen("-c", "flag") == "tcp://flag:2375"
    assert chosen("-c", "default") == "tcp://host:2375"
    assert session("-c", "flag").context == "flag"
    assert session("-H", "x").context == "default"


def test_contradictions(config_directory: Path) -> None:
    assert complaint("-H", "x", "-c", "y") == (
        "conflicting options: cannot specify both --host and --context"
    )
    assert complaint("-H", "x", "-H", "y") == "endpoint: Specify only one -H"
    assert complaint("-c", "none").startswith(
        f'endpoint: context "none": context not found: open {config_directory}/contexts/meta/'
    )


@pytest.mark.parametrize(
    ("words", "environment", "tls"),
    [
        ([], {}, None),
        (["--tls"], {}, False),
        (["--tlsverify"], {}, True),
        (["--tlsverify=false"], {}, False),
        ([], {"DOCKER_TLS": "1"}, False),
        ([], {"DOCKER_TLS_VERIFY": "0"}, True),  # whatever it is set to
        (["--tls=false"], {"DOCKER_TLS_VERIFY": "1"}, True),
        (["--tlsverify=false"], {"DOCKER_TLS_VERIFY": "1"}, False),
        (["--tls=false"], {"DOCKER_TLS": "1"}, None),
    ],
)
def test_tls(
    words: list[str],
    environment: dict[str, str],
    tls: bool | None,
    config_directory: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (config_directory / "ca.pem").touch()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    endpoint = session(*words, "-H", "tcp://x").choice.endpoint("default")
    assert endpoint is not None
    assert (endpoint.tls and endpoint.tls.verifies) == tls
    default = session(*words).choice.endpoint("default")
    assert str(default) == ("None" if tls is None else "tcp://localhost:2376")


def test_files_of_tls(config_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = "endpoint: open {}: no such file or directory"
    assert complaint("--tls") == missing.format(config_directory / "ca.pem")
    keys = config_directory / "keys"
    keys.mkdir()
    monkeypatch.setenv("DOCKER_CERT_PATH", str(keys))
    assert complaint("--tls") == missing.format(keys / "ca.pem")
    for name in ("ca.pem", "key.pem"):
        (keys / name).touch()
    endpoint = session("--tls").choice.default_endpoint()
    assert endpoint.tls is not None
    found = (endpoint.tls.ca, endpoint.tls.certificate, endpoint.tls.key)
    assert found == (f"{keys}/ca.pem", "", f"{keys}/key.pem")
    assert complaint("--tls", "--tlscert", "'/none'") == missing.format("/none")


def test_a_context_has_its_own(config_directory: Path) -> None:
    make_context(config_directory, "with-keys")
    contexts = Contexts(str(config_directory / "contexts"))
    contexts.write_tls("with-keys", {"docker": {"ca.pem": b"CA", "key.pem": b"KEY"}})
    tls = contexts.endpoint("with-keys").tls
    assert tls is not None
    directory = Path(tls.ca).parent
    assert (tls.certificate, tls.key) == ("", f"{directory}/key.pem")
    assert (directory / "key.pem").stat().st_mode & 0o777 == 0o600
    make_context(config_directory, "without")
    assert contexts.endpoint("without").tls is None


def test_debug_tells_the_daemon(config_directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["-D"], ["-l", "debug"]):
        assert session(*words, "-H", "tcp://127.0.0.1:1").client
        assert capsys.readouterr().err == "debug: context default: daemon at tcp://127.0.0.1:1\n"
    assert session("-H", "tcp://127.0.0.1:1").client
    assert capsys.readouterr().err == ""


def test_version_tells_the_context(
    config_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_context(config_directory, "far")
    (config_directory / "config.json").write_text(json.dumps({"currentContext": "far"}))
    assert main.run(["-H", "unix:///none", "version"]) == 1
    assert " Context:           default\n" in capsys.readouterr().out
    assert main.run(["version"]) == 1
    assert " Context:           far\n" in capsys.readouterr().out


def test_levels() -> None:
    with pytest.raises(Exit, match="Unable to parse logging level: loud"):
        session("--log-level", "loud")
