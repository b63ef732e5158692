"""Credentials of registries: config.json, helpers, what is sent of them."""

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from seacan.cli.credentials import HUB, Credentials, domain_of, server_key
from seacan.errors import InvalidArgument

HELPER = """#!/bin/sh
# docker-credential-test: keeps secrets in files beside itself; knows `get`, `store`, `erase`.
cd "$(dirname "$0")" || exit 1
text=$(cat)
echo "$1 $text" >> asked
case $1 in
get) [ -f secret ] && [ "$text" = kept.example ] && cat secret && exit
     echo "credentials not found in native keychain"; exit 1 ;;
store) echo "$text" > secret ;;
erase) rm -f secret ;;
esac
"""


def pair(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "docker" / "config.json"


def written(path: Path, config: dict[str, Any]) -> Credentials:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(config))
    return Credentials(str(path))


def sent(credentials: Credentials, image: str) -> Any:
    header = credentials.header(image).get("X-Registry-Auth")
    return json.loads(base64.urlsafe_b64decode(header)) if header else None


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("", HUB),
        ("docker.io", HUB),
        ("https://index.docker.io/v1/", HUB),
        ("registry-1.docker.io", HUB),
        ("h:5000", "h:5000"),
        ("https://h.example/v2/", "h.example"),
    ],
)
def test_the_key_of_a_registry(name: str, key: str) -> None:
    assert server_key(name) == key


@pytest.mark.parametrize(
    ("image", "domain"),
    [
        ("busybox", ""),
        ("bob/busybox:1", ""),
        ("localhost/a", "localhost"),
        ("h:5/a", "h:5"),
        ("h.example/a@sha256:1", "h.example"),
        ("a.b", ""),
    ],
)
def test_the_registry_of_an_image(image: str, domain: str) -> None:
    assert domain_of(image) == domain


def test_each_registry_gets_its_own_and_no_other(path: Path) -> None:
    auths = {
        HUB: {"auth": pair("bob:one")},
        "h:5000": {"auth": pair("eve:two:2")},
        "https://old.example/v1/": {"auth": pair("old:three")},
        "t.example": {"auth": pair("bob:"), "identitytoken": "token"},
        "empty.example": {},
    }
    credentials = written(path, {"auths": auths})

    assert sent(credentials, "busybox")["password"] == "one"
    assert sent(credentials, "h:5000/a") == {
        "username": "eve",
        "password": "two:2",
        "serveraddress": "h:5000",
    }
    assert sent(credentials, "old.example/a")["username"] == "old"
    assert sent(credentials, "t.example/a")["identitytoken"] == "token"
    for nobody in ("h:5001/a", "empty.example/a", "x.example/a"):
        assert sent(credentials, nobody) is None


@pytest.mark.parametrize("auth", ["!", pair("no colon")])
def test_a_broken_entry_is_refused(path: Path, auth: str) -> None:
    with pytest.raises(InvalidArgument, match=r"config.json|invalid auth"):
        written(path, {"auths": {"h:5": {"auth": auth}}}).get("h:5")


def test_what_is_stored_is_private_and_keeps_the_rest(path: Path) -> None:
    credentials = written(path, {"psFormat": "x", "auths": {"a": {"auth": pair("b:c")}}})

    credentials.store("h:5", {"username": "bob", "password": "pw"})

    config = json.loads(path.read_text())
    assert config == {
        "psFormat": "x",
        "auths": {"a": {"auth": pair("b:c")}, "h:5": {"auth": pair("bob:pw")}},
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_token_takes_the_place_of_the_password(path: Path) -> None:
    credentials = Credentials(str(path))

    credentials.store("h:5", {"username": "bob", "password": "pw", "identitytoken": "token"})

    assert (
        "pw" not in base64.b64decode(json.loads(path.read_text())["auths"]["h:5"]["auth"]).decode()
    )
    assert Credentials(str(path)).get("h:5")["identitytoken"] == "token"


def test_a_link_to_the_file_stays_one(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text("{}")
    path.parent.mkdir()
    path.symlink_to(real)

    Credentials(str(path)).store("h:5", {"username": "bob", "password": "pw"})

    assert path.is_symlink()
    assert "h:5" in real.read_text()


def test_erase(path: Path) -> None:
    auths = {"h:5": {"auth": pair("a:b")}, "https://h:5/v1/": {"auth": pair("a:b")}, "x": {}}
    credentials = written(path, {"auths": auths})

    assert credentials.erase("h:5") is True
    assert json.loads(path.read_text()) == {"auths": {"x": {}}}
    assert credentials.erase("h:5") is False


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "bin"
    directory.mkdir()
    program = directory / "docker-credential-test"
    program.write_text(HELPER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    return directory


@pytest.mark.parametrize(
    "config", [{"credsStore": "test"}, {"credHelpers": {"kept.example": "test"}}]
)
def test_a_helper_keeps_secrets(path: Path, helper: Path, config: dict[str, Any]) -> None:
    credentials = written(path, config)
    assert credentials.get("kept.example") == {}

    credentials.store("kept.example", {"username": "bob", "password": "pw"})

    assert json.loads(path.read_text())["auths"] == {"kept.example": {}}
    assert sent(Credentials(str(path)), "kept.example/a") is not None
    assert Credentials(str(path)).get("kept.example")["password"] == "pw"
    assert credentials.erase("kept.example") is True
    assert Credentials(str(path)).get("kept.example") == {}


def test_a_helper_with_an_identity_token(path: Path, helper: Path) -> None:
    credentials = written(path, {"credsStore": "test"})

    credentials.store("kept.example", {"username": "bob", "identitytoken": "token"})

    assert json.loads((helper / "secret").read_text())["Username"] == "<token>"
    assert credentials.get("kept.example")["identitytoken"] == "token"


def test_a_helper_that_fails_is_an_error(path: Path, helper: Path) -> None:
    (helper / "docker-credential-test").write_text("#!/bin/sh\necho locked; exit 1\n")
    with pytest.raises(InvalidArgument, match="out: `locked`"):
        written(path, {"credsStore": "test"}).get("h:5")
    with pytest.raises(InvalidArgument, match='"docker-credential-none": no such file'):
        written(path, {"credsStore": "none"}).get("h:5")
    with pytest.raises(InvalidArgument, match="invalid credential helper"):
        written(path, {"credsStore": "../x"}).get("h:5")
