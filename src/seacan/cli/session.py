"""What every command works with: the client, Docker's configuration file, exit codes."""

from __future__ import annotations

import os

from seacan.errors import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable
    from typing import Any

    from seacan.client.client import Client


class Exit(Exception):
    """The end of the program, with `code`, and with `text` on standard error if there is some."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Session:
    """One run of the program. `host`: what `-H` named."""

    def __init__(self, *, host: str = "", config_directory: str = "", debug: bool = False) -> None:
        self.debug = debug
        self.starts_daemon = True  # the default one, when it is first asked for
        self._host = host
        self._config_directory = config_directory
        self._config: dict[str, Any] | None = None
        self._client: Client | None = None

    @property
    def config(self) -> dict[str, Any]:
        """Docker's config.json, empty if there is none. Raises InvalidArgument if it is broken."""
        if self._config is None:
            from seacan.cli.config_file import read_config

            self._config = read_config(self.config_path)
        return self._config

    @property
    def config_path(self) -> str:
        from seacan.cli.config_file import config_path

        return config_path(self._config_directory)

    def registry_headers(self, image: str) -> dict[str, str]:
        """Return what a request about an image says of who asks, to its registry."""
        from seacan.cli.credentials import Credentials

        return Credentials(self.config_path).header(image)

    @property
    def client(self) -> Client:
        """The client of the daemon, which is started if it is to be the default one.

        Raises Unsupported if a context is chosen.
        """
        if self._client is None:
            from seacan.client.client import Client
            from seacan.client.endpoint import resolve

            endpoint = resolve(self._host)
            if not self._host and not os.environ.get("DOCKER_HOST"):
                self._refuse_context()
                if self.starts_daemon:
                    from seacan.client.daemon import ensure_running

                    ensure_running(endpoint)
            self._client = Client(endpoint)
        return self._client

    def close(self) -> None:
        if self._client:
            self._client.close()

    def _refuse_context(self) -> None:
        chosen = os.environ.get("DOCKER_CONTEXT") or self.config.get("currentContext")
        if chosen and chosen != "default":
            raise Unsupported(
                f'contexts are not supported yet, and "{chosen}" is chosen: '
                "set DOCKER_HOST, or DOCKER_CONTEXT=default"
            )


def for_each(
    names: Iterable[str], act: Callable[[str], None], *, silent: Container[str] = ()
) -> int:
    """Do `act` for all `names` side by side, print each name or its error, in order.

    Names that `act` has put in `silent` are not printed. Return 1 if one failed, else 0.
    """
    from seacan.cli.parallel import outcomes

    code = 0
    for name, error in outcomes(list(names), act):
        if error is not None:
            complain(str(error))
            code = 1
        elif name not in silent:
            print(name, flush=True)
    return code


def complain(text: str) -> None:
    """Print `text` on standard error, after all that was printed so far."""
    import sys

    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)
