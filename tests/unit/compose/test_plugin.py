import pytest

from seacan.cli.compose import plugin


@pytest.mark.parametrize(
    ("given", "environment", "words"),
    [
        (["up", "-d"], {}, ["compose", "up", "-d"]),
        (
            ["-H", "unix:///s", "compose", "up"],
            {"DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND": "docker"},
            ["-H", "unix:///s", "compose", "up"],
        ),
    ],
)
def test_words(given: list[str], environment: dict[str, str], words: list[str]) -> None:
    assert plugin.words(given, environment) == words
