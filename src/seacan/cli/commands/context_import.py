"""`seacan context import`: a context of what `context export` wrote."""

from __future__ import annotations

import sys

from seacan.cli.commands.context_create import check_new
from seacan.cli.context_archive import LIMIT_BYTES, unpack
from seacan.cli.session import complain
from seacan.cli.values import go_quote
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    name, source = arguments
    contexts = session.choice.contexts
    check_new(contexts, name)
    metadata, tls = unpack(_read(source))
    contexts.write({**metadata, "Name": name})
    contexts.write_tls(name, tls)
    print(name)
    complain(f"Successfully imported context {go_quote(name)}")
    return 0


def _read(source: str) -> bytes:
    try:
        if source == "-":
            data = sys.stdin.buffer.read(LIMIT_BYTES + 1)
        else:
            with open(source, "rb") as file:
                data = file.read(LIMIT_BYTES + 1)
    except OSError as err:
        raise InvalidArgument(f"open {source}: {(err.strerror or '').lower()}") from err
    if len(data) > LIMIT_BYTES:
        raise InvalidArgument(f"read {source}: longer than {LIMIT_BYTES} bytes")
    return data
