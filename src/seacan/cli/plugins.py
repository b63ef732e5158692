"""Docker CLI plugins: programs `docker-NAME` that a command line hands a command on to.

    ./docker-NAME docker-cli-plugin-metadata      says that it is one
    ./docker-NAME [global options] NAME …         does the command

seacan runs those of others, as `seacan buildx`, and is one: with a link of that name to it in
~/.docker/cli-plugins, `docker seacan ps` works.
Source: docker/cli, cli-plugins.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from seacan.cli.session import Session

METADATA_COMMAND = "docker-cli-plugin-metadata"
OWN_NAME = "docker-seacan"
_NAME_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_SYSTEM = tuple(
    f"{place}/docker/cli-plugins"
    for place in ("/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec")
)


def find(session: Session, name: str) -> str:
    """Return the path of the plugin `name`, "" if there is none."""
    if not name or not set(name) <= set(_NAME_LETTERS):
        return ""
    extra = session.config.get("cliPluginsExtraDirs") or []
    own = os.path.join(os.path.dirname(session.config_path), "cli-plugins")
    for directory in (*map(str, extra), own, *_SYSTEM):
        path = os.path.join(directory, f"docker-{name}")
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return ""


def become(session: Session, path: str, name: str, words: Sequence[str]) -> NoReturn:
    """Be the plugin from here on; `words` follow its name.

    It is told of seacan's daemon by DOCKER_HOST, as it would look for Docker's otherwise.
    """
    environment = os.environ | {"DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND": "seacan"}
    if session.context == "default":
        environment["DOCKER_HOST"] = str(session.client.endpoint)
        environment.pop("DOCKER_CONTEXT", None)
    else:
        environment["DOCKER_CONTEXT"] = session.context
    environment["DOCKER_CONFIG"] = os.path.dirname(session.config_path)
    session.close()
    os.execve(path, [path, name, *words], environment)


def print_metadata() -> None:
    """Print what docker asks a plugin for."""
    import json

    from seacan.client.version import CLIENT_VERSION

    print(
        json.dumps(
            {
                "SchemaVersion": "0.1.0",
                "Vendor": "seacan",
                "Version": CLIENT_VERSION,
                "ShortDescription": "Containers, whole, in Python",
            }
        )
    )
