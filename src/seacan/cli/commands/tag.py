"""`seacan tag`: one more name for an image."""

from __future__ import annotations

from seacan.cli.references import require_reference
from seacan.cli.values import go_quote
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    for name in arguments:
        try:
            require_reference(name)
        except InvalidArgument as err:
            raise InvalidArgument(
                f"Error parsing reference: {go_quote(name)} is not a valid repository/tag: {err}"
            ) from None
    session.client.images.tag(arguments[0], arguments[1])
    return 0
