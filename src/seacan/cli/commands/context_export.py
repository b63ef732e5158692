"""`seacan context export`: a context and its keys as a tar, which both clients import."""

from __future__ import annotations

import os

from seacan.cli.context_archive import pack
from seacan.cli.output.stream import write_all
from seacan.cli.session import complain
from seacan.cli.values import go_quote
from seacan.client.contexts import check_name
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    name = arguments[0]
    if name != "default":
        check_name(name)
    destination = arguments[1] if len(arguments) > 1 else f"{name}.dockercontext"
    archive = pack(session.metadata(name), session.tls_data(name))
    if destination == "-":
        if os.isatty(1):
            raise InvalidArgument("cowardly refusing to export to a terminal, specify a file path")
        write_all(1, archive)
        return 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with open(os.open(destination, flags, 0o600), "wb") as file:
            file.write(archive)
    except OSError as err:
        raise InvalidArgument(f"open {destination}: {(err.strerror or '').lower()}") from err
    complain(f"Written file {go_quote(destination)}")
    return 0
