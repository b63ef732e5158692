"""What every command works with: the client, Docker's configuration file, exit codes."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable
    from typing import Any

    from seacan.cli.daemon_choice import DaemonChoice
    from seacan.client.client import Client


class Exit(Exception):
    """The end of the program, with `code`, and with `text` on standard error if there is some."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Session:
    """One run of the program, about the daemon of `choice`."""

    def __init__(
        self, choice: DaemonChoice, *, debug: bool = False, is_talkative: bool = False
    ) -> None:
        self.choice = choice
        self.debug = debug
        self.starts_daemon = True  # the default one, when it is first asked for
        self._is_talkative = is_talkative
        self._config: dict[str, Any] | None = None
        self._client: Client | None = None

    @property
    def config(self) -> dict[str, Any]:
        """Docker's config.json, empty if there is none, or a broken one."""
        if self._config is None:
            from seacan.cli.config_file import read_config

            self._config = read_config(self.config_path)
        return self._config

    @property
    def config_path(self) -> str:
        return self.choice.config_path

    def registry_headers(self, image: str) -> dict[str, str]:
        """Return what a request about an image says of who asks, to its registry."""
        from seacan.cli.credentials import Credentials

        return Credentials(self.config_path).header(image)

    @property
    def context(self) -> str:
        """The name of the context in use."""
        return self.choice.context_name(self.config if self.choice.needs_config else {})

    @property
    def client(self) -> Client:
        """The client of the daemon, which is started if nothing names another than the default one.

        Raises InvalidArgument, NotFound if what names one is wrong.
        """
        if self._client is None:
            from seacan.client.client import Client

            endpoint = self.choice.endpoint(self.context)
            if endpoint is None:
                endpoint = self.choice.default_endpoint()
                if self.starts_daemon:
                    from seacan.client.daemon import ensure_running

                    ensure_running(endpoint)
            self.explain(f"context {self.context}: daemon at {endpoint}")
            self._client = Client(endpoint, headers=self.config.get("HttpHeaders"))
        return self._client

    def metadata(self, context: str) -> dict[str, Any]:
        """Return what is known of a context. Raises NotFound, InvalidArgument."""
        if context != "default":
            return self.choice.contexts.get(context)
        endpoint = self.choice.default_endpoint()
        verifies = endpoint.tls is None or endpoint.tls.verifies
        docker = {"Host": str(endpoint), "SkipTLSVerify": not verifies}
        return {"Name": context, "Metadata": {}, "Endpoints": {"docker": docker}}

    def tls_data(self, context: str) -> dict[str, dict[str, bytes]]:
        """Return the certificates and keys of a context, by endpoint and file."""
        if context != "default":
            return self.choice.contexts.tls_data(context)
        return self.choice.default_tls_data()

    def use_context(self, name: str) -> None:
        """Have config.json name the context of all commands from now on; "": the default one."""
        if self.config.get("currentContext", "") == name:
            return
        from seacan.cli.config_file import write_config

        self.config.pop("currentContext", None)
        if name:
            self.config["currentContext"] = name
        write_config(self.config_path, self.config)

    def explain(self, text: str) -> None:
        """Tell a user who wants to know (--debug, --log-level debug) what is going on."""
        if self._is_talkative:
            complain(f"debug: {text}")

    def close(self) -> None:
        if self._client:
            self._client.close()


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


def for_all(names: list[str], act: Callable[[str], None]) -> int:
    """Do `act` for all `names` side by side, and print their errors. Return 1 if there is one."""
    from seacan.cli.parallel import outcomes

    code = 0
    for _, error in outcomes(names, act):
        if error is not None:
            complain(str(error))
            code = 1
    return code


def complain(text: str) -> None:
    """Print `text` on standard error, after all that was printed so far."""
    import sys

    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)
