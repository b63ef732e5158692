from pathlib import Path

import pytest

from seacan import paths
from seacan.daemon import flags


def test_registry_flags() -> None:
    given = flags.parse(
        [
            "--insecure-registry", "h:5", "--insecure-registry", "10.0.0.0/8",
            "--registry-mirror", "http://m", "--certs-dir", "/c",
            "--max-concurrent-downloads", "7", "--max-concurrent-uploads", "8",
            "--max-download-attempts", "9", "--https-proxy", "http://p:1", "--no-proxy", "x",
        ]
    ).settings.registries  # fmt: skip

    assert given.insecure == ("h:5", "10.0.0.0/8")
    assert given.mirrors == ("http://m/",)
    assert given.directories == (Path("/c"), paths.DOCKER_CERTIFICATES)
    assert (given.max_downloads, given.max_uploads, given.max_attempts) == (7, 8, 9)
    assert (given.http_proxy, given.https_proxy, given.no_proxy) == ("", "http://p:1", "x")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--insecure-registry", "ftp://x"], "should not contain '://'"),
        (["--registry-mirror", "m"], "no scheme specified"),
        (["--max-concurrent-downloads", "0"], "not a number from 1 to 999"),
        (["--max-download-attempts", "x"], "not a number from 1 to 999"),
    ],
)
def test_what_is_refused(words: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        flags.parse(words)
    assert error in capsys.readouterr().err
