import datetime
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from seacan import certificates, paths
from seacan.cli import main
from seacan.cli.commands import tls_init
from seacan.cli.session import Exit
from seacan.errors import Conflict, InvalidArgument

HOSTS = ["box.example", "10.0.0.1", "::1"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificates") / "tls"
    certificates.make_certificates(directory, HOSTS, 30)
    return directory


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_files_and_modes(made: Path) -> None:
    modes = {
        str(path.relative_to(made)): oct(stat.S_IMODE(path.stat().st_mode))
        for path in made.rglob("*")
    }
    assert modes == {
        "ca-key.pem": "0o400",
        "ca.pem": "0o600",
        "cert.pem": "0o600",
        "key.pem": "0o400",
        "client": "0o700",
        "client/ca.pem": "0o600",
        "client/cert.pem": "0o600",
        "client/key.pem": "0o400",
    }
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_each_can_be_used_for_one_thing(made: Path) -> None:
    authority, server, client = map(
        read, (made / "ca.pem", made / "cert.pem", made / "client" / "cert.pem")
    )
    for signed, usage in (
        (server, ExtendedKeyUsageOID.SERVER_AUTH),
        (client, ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        signed.verify_directly_issued_by(authority)
        extensions = signed.extensions
        assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [usage]
        assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)
    assert authority.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_names_and_days(made: Path) -> None:
    server = read(made / "cert.pem")
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == HOSTS
    lifetime = server.not_valid_after_utc - server.not_valid_before_utc
    assert lifetime == datetime.timedelta(days=30, minutes=5)


def test_what_is_there_is_not_touched(made: Path) -> None:
    before = (made / "ca-key.pem").read_bytes()
    with pytest.raises(Conflict, match=r"make certificates in .*: Directory not empty"):
        certificates.make_certificates(made, ["x"], 1)
    assert (made / "ca-key.pem").read_bytes() == before
    assert [path.name for path in made.parent.iterdir()] == ["tls"]


@pytest.mark.parametrize("host", ["", "a b", "tcp://x", "x..y", "ä", "x" * 65])
def test_no_host(host: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument):
        certificates.make_certificates(tmp_path / "tls", [host], 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["box", "::1"])
def test_two_lines_say_how_they_are_used(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "tls"
    words = ["--host", host, "--days", "1", "--directory", str(directory)]
    assert certificates.main(words) == 0
    daemon, client = capsys.readouterr().out.splitlines()
    shown = "[::1]" if host == "::1" else host
    assert daemon.endswith(
        f"--tlsverify --tlscacert={directory}/ca.pem --tlscert={directory}/cert.pem "
        f"--tlskey={directory}/key.pem"
    )
    assert client.endswith(
        f"seacan context create NAME --docker host=tcp://{shown}:2376,ca={directory}/client/ca.pem,"
        f"cert={directory}/client/cert.pem,key={directory}/client/key.pem"
    )
    assert certificates.main(words) == 1
    assert "seacan tls init: make certificates in" in capsys.readouterr().err


def test_what_the_command_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda _, words: called.append(words))
    with pytest.raises(Exit, match="by which names"):
        main.run(["tls", "init"])
    with pytest.raises(Exit, match="--days 0: it has to be from 1"):
        main.run(["tls", "init", "--host", "x", "--days", "0"])
    assert main.run(["tls", "init", "--host", "x", "--host", "y", "--directory", "/d"]) is None
    assert called[0][3:] == [
        *("seacan.certificates", "--days=825", "--host=x", "--host=y", "--directory=/d")
    ]
    shown = next(flag.shown for flag in tls_init.FLAGS if flag.name == "directory")
    assert shown == f'"{paths.DEFAULT_TLS}"'
