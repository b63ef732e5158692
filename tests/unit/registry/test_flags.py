import math
from pathlib import Path

import pytest

from seacan.images.remote.credentials import Credentials
from seacan.registry import flags
from seacan.registry.settings import Address, Passwords, Proxy, Settings, Tls, Tokens


def parsed(*words: str) -> Settings:
    return flags.parse(["serve", "--root=/r", *words]).settings


def test_nothing_needs_to_be_said() -> None:
    settings = parsed()

    assert settings == Settings(Path("/r"), Address("127.0.0.1", 5000))
    assert settings.auth is None
    assert settings.ages.manifest_s == math.inf


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:80", Address("localhost", 80)),
        ("[::1]:5000", Address("::1", 5000)),
        ("10.0.0.1:0", Address("10.0.0.1", 0)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert flags.address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5h", 5400), ("30m", 1800), ("2d", 172_800)]
)
def test_times(text: str, seconds: float) -> None:
    assert flags.seconds(text) == seconds


def test_the_rest() -> None:
    assert parsed("--tls-cert=/c", "--tls-key=/k").tls == Tls(Path("/c"), Path("/k"))
    assert parsed("--htpasswd=/h", "--allow=a:pull:*", "--allow=b:*:b").auth == Passwords(
        Path("/h"), ["a:pull:*", "b:*:b"]
    )
    tokens = ("--token-realm=https://a/t", "--token-service=s", "--token-issuer=i")
    assert parsed(*tokens, "--token-keys=/p").auth == Tokens("https://a/t", "s", "i", Path("/p"))
    cache = parsed("--proxy=https://r.example", "--proxy-tag-lifetime=5m", "--proxy-lifetime=1d")
    assert cache.proxy == Proxy("https://r.example", 300)
    assert cache.ages.manifest_s == 86_400


def test_who_a_cache_is_to_the_other_registry(tmp_path: Path) -> None:
    password = tmp_path / "password"
    words = (
        "--proxy=https://r.example",
        "--proxy-username=ci",
        f"--proxy-password-file={password}",
    )
    password.write_text("se cret\n")

    proxy = parsed(*words).proxy

    assert proxy == Proxy("https://r.example", credentials=Credentials("ci", "se cret"))
    assert "cret" not in repr(proxy)
    for text in ("", "\n", "two\nlines", "x" * 100_000):
        password.write_text(text)
        with pytest.raises(SystemExit):
            parsed(*words)


@pytest.mark.parametrize(
    "words",
    [
        ("--addr=5000",),
        ("--proxy=https://r.example", "--proxy-username=ci"),
        ("--proxy=https://r.example", "--proxy-password-file=/dev/null"),
        ("--proxy=https://r.example", "--proxy-username=a", "--proxy-password-file=/nowhere"),
        ("--proxy-username=a", "--proxy-password-file=/dev/null"),
        ("--addr=a:b:1",),
        ("--addr=:70000",),
        ("--gc-grace=soon",),
        ("--gc-grace=-1",),
        ("--gc-interval=0",),
        ("--tls-cert=/c",),
        ("--allow=a:pull:*",),
        ("--token-realm=https://a/t",),
        ("--token-realm=https://a/t", "--token-service=s"),
        ("--token-realm=x", "--token-service=s", "--token-issuer=i", "--token-keys=/p",
         "--htpasswd=/h"),
        ("--proxy=r.example",),
        ("--proxy=https://name:secret@r.example",),
        ("--proxy=https://r.example/path",),
        ("--unknown",),
    ],
)  # fmt: skip
def test_what_is_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parsed(*words)

    assert end.value.code == 2
    assert "error: " in capsys.readouterr().err
