"""What `run` and `create` share: the request, the image pulled if it is missing, the container."""

from __future__ import annotations

import os
import sys

from seacan.cli.container_request import container_request
from seacan.cli.content_trust import require_no_trust
from seacan.cli.session import Exit, complain
from seacan.cli.terminal import size
from seacan.errors import InvalidArgument, NotFound, SeacanError, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session
    from seacan.spec.engine_api import ContainerCreate

ENGINE_CODE = 125
NOT_EXECUTABLE_CODE = 126
NOT_FOUND_CODE = 127

_PULLS = ("always", "missing", "never")


def request_of(values: Values, arguments: list[str], command: str) -> ContainerCreate:
    """Return the request for the flags and arguments of `command`; Exit says what is wrong."""
    pull = values.text("pull")
    try:
        if pull not in (*_PULLS, ""):
            raise InvalidArgument(
                f'invalid pull option: \'{pull}\': must be one of "always", "missing" or "never"'
            )
        _refuse_unsupported(values)
        request = container_request(values, arguments[0], arguments[1:])
    except SeacanError as err:
        text = f"seacan: {err}\n\nRun 'seacan {command} --help' for more information"
        raise Exit(ENGINE_CODE, text) from None
    host = request.get("HostConfig")
    if values.on("tty") and host is not None:
        host["ConsoleSize"] = list(size())
    return request


def _refuse_unsupported(values: Values) -> None:
    require_no_trust(values)
    if values.on("use-api-socket"):
        raise Unsupported("--use-api-socket is not supported: mount the daemon's socket with -v")


def create(session: Session, values: Values, request: ContainerCreate) -> str:
    """Return the id of a new container, its image pulled as --pull has it."""
    _add_proxies(session, request)
    with _IdFile(values.text("cidfile")) as id_file:
        if values.text("pull") == "always":
            _pull(session, values, request)
        try:
            container_id = _create(session, values, request)
        except NotFound:
            if values.text("pull") == "never":
                raise
            if not values.on("quiet"):
                complain(f"Unable to find image '{_with_tag(request['Image'] or '')}' locally")
            _pull(session, values, request)
            container_id = _create(session, values, request)
        id_file.write(container_id)
        return container_id


def _add_proxies(session: Session, request: ContainerCreate) -> None:
    if "proxies" not in session.config:
        return
    from seacan.cli.proxies import proxy_variables

    environment = request.get("Env") or []
    given = {variable.partition("=")[0] for variable in environment}
    found = proxy_variables(session, given)
    request["Env"] = [*environment, *(f"{name}={value}" for name, value in found.items())]


def _create(session: Session, values: Values, request: ContainerCreate) -> str:
    created = session.client.containers.create(
        request, name=values.text("name"), platform=values.text("platform")
    )
    for warning in created.warnings:
        complain(f"WARNING: {warning}")
    return created.id


def _pull(session: Session, values: Values, request: ContainerCreate) -> None:
    """Pull the image; progress goes to standard error, as standard output is the container's."""
    from seacan.cli.output.progress import show
    from seacan.client.client import messages

    image = request["Image"] or ""
    with (
        session.client.images.pull(
            image, platform=values.text("platform"), headers=session.registry_headers(image)
        ) as reply,
        open(os.devnull if values.on("quiet") else 2, "w", closefd=values.on("quiet")) as output,
    ):
        show(messages(reply.pieces()), output)


def _with_tag(image: str) -> str:
    from seacan.client.images import split_reference

    _, tag = split_reference(image)
    return image if tag else f"{image}:latest"


class _IdFile:
    """The file of --cidfile: made before the container, removed again if there will be none."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._is_written = False

    def __enter__(self) -> _IdFile:
        if self._path:
            try:
                fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            except FileExistsError:
                raise InvalidArgument(
                    "container ID file found, make sure the other container isn't running "
                    f"or delete {self._path}"
                ) from None
            except OSError as err:
                reason = (err.strerror or str(err)).lower()
                raise InvalidArgument(
                    f"failed to create the container ID file: open {self._path}: {reason}"
                ) from err
            os.close(fd)
        return self

    def __exit__(self, *_: object) -> None:
        if self._path and not self._is_written:
            os.unlink(self._path)

    def write(self, container_id: str) -> None:
        if self._path:
            with open(self._path, "w") as file:
                file.write(container_id)
            self._is_written = True


def engine_exit(error: SeacanError) -> Exit:
    """Return the end for an error of `run`: 127 and 126 as a shell has them, else 125."""
    text = str(error)
    missing = ("executable file not found", "no such file or directory")
    if any(words in text for words in missing):
        code = NOT_FOUND_CODE
    elif any(words in text for words in ("permission denied", "is a directory")):
        code = NOT_EXECUTABLE_CODE
    else:
        code = ENGINE_CODE
    sys.stdout.flush()
    return Exit(code, f"seacan: {text}")
