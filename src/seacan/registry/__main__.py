"""The registry's main: flags, listeners, signals."""

import signal
import socket
import ssl
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing

import anyio
from anyio import CancelScope

from seacan import errors, log
from seacan.http.tls import load_certificate, server_context
from seacan.kernel import this_process
from seacan.registry import flags, server
from seacan.registry.settings import Address, Settings, Tls
from seacan.registry.store import Store
from seacan.registry.verify import problems

_BACKLOG = 512


def main(argv: Sequence[str] | None = None) -> None:
    given = flags.parse(argv)
    log.set_level(given.log_level)
    try:
        if given.command == "verify":
            sys.exit(_verify(given.settings))
        _serve(given.settings)
    except (errors.SeacanError, OSError) as err:
        sys.exit(f"seacan registry: {err}")


def _verify(settings: Settings) -> int:
    """Print what is wrong with the store; return 1 if something is."""
    if not settings.root.is_dir():
        raise errors.NotFound(f"verify {settings.root}: no such directory")
    count = 0
    with closing(Store(settings.root)) as store:
        for problem in problems(store):
            print(problem)
            count += 1
    return 1 if count else 0


def _serve(settings: Settings) -> None:
    this_process.take_all_descriptors()
    with ExitStack() as held:
        registry = held.enter_context(server.opened(settings))
        listener = held.enter_context(_listen(settings.address))
        metrics = None
        if settings.metrics_address:
            metrics = held.enter_context(_listen(settings.metrics_address))
        tls = None
        if settings.tls:
            tls = server_context(settings.tls.certificate, settings.tls.key)
        log.info(
            "registry serves",
            addr=_name(listener),
            metrics=_name(metrics or listener),
            tls=bool(tls),
            root=settings.root,
        )
        anyio.run(_serve_until_signal, settings, registry, listener, metrics, tls)


async def _serve_until_signal(
    settings: Settings,
    registry: server.Registry,
    listener: socket.socket,
    metrics: socket.socket | None,
    tls: ssl.SSLContext | None,
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_obey_signals, settings, tls, tasks.cancel_scope)
        await server.serve(registry, listener, metrics, tls)


async def _obey_signals(settings: Settings, tls: ssl.SSLContext | None, scope: CancelScope) -> None:
    """End by SIGINT or SIGTERM; read the certificate again by SIGHUP."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        async for number in signals:
            if number != signal.SIGHUP:
                log.info("registry ends", signal=signal.Signals(number).name)
                scope.cancel()
                return
            if tls and settings.tls:
                _reload_certificate(tls, settings.tls)


def _reload_certificate(context: ssl.SSLContext, tls: Tls) -> None:
    try:
        load_certificate(context, tls.certificate, tls.key)
        log.info("certificate read again", file=tls.certificate)
    except errors.InvalidArgument as err:
        log.error("the old certificate stays", error=str(err))


def _listen(address: Address) -> socket.socket:
    """Return a listening socket; `::` takes IPv4 as well."""
    family, _, _, _, resolved = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    both = family == socket.AF_INET6 and address.host == "::"
    return socket.create_server(resolved[:2], family=family, backlog=_BACKLOG, dualstack_ipv6=both)


def _name(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return str(Address(host, port))


if __name__ == "__main__":
    main()
