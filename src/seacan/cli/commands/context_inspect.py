"""`seacan context inspect`: all that is known of contexts, as JSON."""

from __future__ import annotations

from seacan.cli.commands.inspect import FORMAT, print_kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (FORMAT,)

_IN_MEMORY = "<IN MEMORY>"


def run(session: Session, values: Values, arguments: list[str]) -> int:
    contexts = session.choice.contexts

    def find(name: str) -> dict[str, Any]:
        is_default = name == "default"
        return {
            **session.metadata(name),
            "TLSMaterial": {key: sorted(files) for key, files in session.tls_data(name).items()},
            "Storage": {
                "MetadataPath": _IN_MEMORY if is_default else contexts.metadata_path(name),
                "TLSPath": _IN_MEMORY if is_default else contexts.tls_path(name),
            },
        }

    return print_kind("context", arguments or [session.context], find, values.text("format"))
