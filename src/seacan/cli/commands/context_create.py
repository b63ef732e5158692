"""`seacan context create`: a name for a daemon."""

from __future__ import annotations

from seacan.cli.context_endpoint import CONTEXT_FLAGS, read_endpoint
from seacan.cli.flags import Flag
from seacan.cli.session import complain
from seacan.cli.values import TEXT, go_quote
from seacan.client.contexts import DOCKER, check_name
from seacan.errors import Conflict, InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session
    from seacan.client.contexts import Contexts, TlsData

FLAGS = (
    *CONTEXT_FLAGS,
    Flag("from", "", TEXT, "Copy another context, its keys too"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    """Without --docker and --from, the context in use is copied."""
    [name] = arguments
    contexts = session.choice.contexts
    check_new(contexts, name)
    if values.text("from") and values.is_given("docker"):
        raise InvalidArgument("cannot use --docker flag when --from is set")
    if values.is_given("docker"):
        endpoint, files = read_endpoint(session, values.mapping("docker"))
        metadata: dict[str, Any] = {"Metadata": {}, "Endpoints": {DOCKER: endpoint}}
        tls: TlsData = {DOCKER: files}
    else:
        source = values.text("from") or session.context
        metadata, tls = session.metadata(source), session.tls_data(source)
    if values.text("description"):
        metadata["Metadata"] = {
            **(metadata.get("Metadata") or {}),
            "Description": values.text("description"),
        }
    contexts.write({**metadata, "Name": name})
    contexts.write_tls(name, tls)
    print(name)
    complain(f"Successfully created context {go_quote(name)}")
    return 0


def check_new(contexts: Contexts, name: str) -> None:
    """Raise InvalidArgument if no context may be called so, Conflict if one is."""
    check_name(name)
    try:
        contexts.get(name)
    except NotFound:
        return
    raise Conflict(f"context {go_quote(name)} already exists")
