"""`seacan-compose`: compose as a plugin of the docker CLI, and by itself.

    docker-compose docker-cli-plugin-metadata      what it is, as JSON
    docker-compose [flags of docker] compose …     as docker calls it
    docker-compose …                               as a user does, without docker

docker finds it as `docker-compose` in ~/.docker/cli-plugins, a link to it. The daemon is docker's
own then, unless a flag, the environment or a context says otherwise.
Source: docker/cli, cli-plugins.
"""

from __future__ import annotations

import json
import os
import sys

from seacan.cli.config_file import config_path, read_config
from seacan.cli.main import main as seacan
from seacan.compose.names import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

METADATA = "docker-cli-plugin-metadata"
DOCKER_SOCKET = "unix:///var/run/docker.sock"
_CALLED_BY_DOCKER = "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"


def main() -> NoReturn:
    """Run the command line of this process, and end the process with its exit code."""
    if sys.argv[1:2] == [METADATA]:
        print(json.dumps(metadata()))
        sys.exit(0)
    sys.argv[1:] = words(sys.argv[1:], os.environ)
    if not _is_daemon_chosen(os.environ):
        os.environ["DOCKER_HOST"] = DOCKER_SOCKET
    seacan()


def metadata() -> dict[str, str]:
    """Return what docker asks of a plugin before it shows or runs it."""
    return {
        "SchemaVersion": "0.1.0",
        "Vendor": "seacan",
        "Version": f"v{VERSION}",
        "ShortDescription": "Compose, by seacan",
    }


def words(given: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the words for `seacan`: docker's have the word compose, a user's have not."""
    return [*given] if _CALLED_BY_DOCKER in environment else ["compose", *given]


def _is_daemon_chosen(environment: Mapping[str, str]) -> bool:
    if environment.get("DOCKER_HOST") or environment.get("DOCKER_CONTEXT"):
        return True
    return bool(read_config(config_path("")).get("currentContext"))
