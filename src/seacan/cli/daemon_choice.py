"""Which daemon a command line is about.

    --context NAME  >  --host  >  DOCKER_HOST  >  DOCKER_CONTEXT  >  currentContext in config.json
                    >  the daemon of this host

--host and --context exclude each other. Flags and environment of TLS are for --host and
DOCKER_HOST; a context has its own. Source: docker/cli, cli/command/cli.go.
"""

from __future__ import annotations

import os

from seacan.errors import InvalidArgument, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from seacan.client.contexts import Contexts
    from seacan.client.endpoint import Endpoint, TlsFiles

DEFAULT_CONTEXT = "default"


class DaemonChoice:
    """`hosts`, `context`, `tls`: what the flags say. Raises InvalidArgument if they contradict."""

    def __init__(
        self,
        *,
        config_path: str,
        hosts: Sequence[str] = (),
        context: str = "",
        tls: TlsFiles | None = None,
    ) -> None:
        if context and hosts:
            raise InvalidArgument("conflicting options: cannot specify both --host and --context")
        self.config_path = config_path
        self._hosts = hosts
        self._context = context
        self._tls = tls

    def context_name(self, config: dict[str, Any]) -> str:
        """Return the context in use; whether there is one of that name remains to be seen."""
        if self._context:
            return self._context
        if self._hosts or os.environ.get("DOCKER_HOST"):
            return DEFAULT_CONTEXT
        return os.environ.get("DOCKER_CONTEXT") or config.get("currentContext") or DEFAULT_CONTEXT

    @property
    def needs_config(self) -> bool:
        """Whether config.json has a say in `context_name`."""
        environment = os.environ.get("DOCKER_HOST") or os.environ.get("DOCKER_CONTEXT")
        return not (self._context or self._hosts or environment)

    @property
    def contexts(self) -> Contexts:
        from seacan.client.contexts import Contexts

        return Contexts(os.path.join(os.path.dirname(self.config_path), "contexts"))

    def endpoint(self, context: str) -> Endpoint | None:
        """Return where the daemon is; None if nothing names one.

        Raises InvalidArgument, NotFound, Unsupported.
        """
        try:
            if context != DEFAULT_CONTEXT:
                return self.contexts.endpoint(context)
            return self._default_endpoint()
        except SeacanError as err:
            raise type(err)(
                f"Failed to initialize: unable to resolve docker endpoint: {err}"
            ) from err

    def default_endpoint(self) -> Endpoint:
        """Return what the context called `default` stands for."""
        from seacan.client.endpoint import DEFAULT_SOCKET, Endpoint

        return self._default_endpoint() or Endpoint("unix", path=DEFAULT_SOCKET)

    def default_tls_data(self) -> dict[str, dict[str, bytes]]:
        """Return the files that flags and environment name for it, as a context keeps them."""
        if not self._tls:
            return {}
        from seacan.client.contexts import CA_FILE, CERTIFICATE_FILE, DOCKER, KEY_FILE

        found = {}
        paths = (self._tls.ca, self._tls.certificate, self._tls.key)
        for file, path in zip((CA_FILE, CERTIFICATE_FILE, KEY_FILE), paths, strict=True):
            if path:
                with open(path, "rb") as opened:
                    found[file] = opened.read()
        return {DOCKER: found}

    def _default_endpoint(self) -> Endpoint | None:
        if len(self._hosts) > 1:
            raise InvalidArgument("Specify only one -H")
        text = (self._hosts[0] if self._hosts else os.environ.get("DOCKER_HOST", "")).strip()
        if not text and not self._tls:
            return None
        from seacan.client.endpoint import DEFAULT_TLS_HOST, parse_host

        endpoint = parse_host(text or DEFAULT_TLS_HOST)
        if self._tls:
            _check_readable(self._tls)
            endpoint.tls = self._tls
        return endpoint


def _check_readable(files: TlsFiles) -> None:
    for path in filter(None, (files.ca, files.certificate, files.key)):
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as err:
            raise InvalidArgument(f"open {path}: {(err.strerror or str(err)).lower()}") from err
