"""`seacan context update`: another description or daemon for a context."""

from __future__ import annotations

from seacan.cli.context_endpoint import CONTEXT_FLAGS, read_endpoint
from seacan.cli.session import complain
from seacan.cli.values import go_quote
from seacan.client.contexts import DOCKER, check_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = CONTEXT_FLAGS


def run(session: Session, values: Values, arguments: list[str]) -> int:
    [name] = arguments
    check_name(name)
    contexts = session.choice.contexts
    metadata = contexts.get(name)
    if values.text("description"):
        metadata["Metadata"] = {
            **(metadata.get("Metadata") or {}),
            "Description": values.text("description"),
        }
    files: dict[str, bytes] | None = None
    if values.is_given("docker"):
        endpoint, files = read_endpoint(session, values.mapping("docker"))
        metadata["Endpoints"] = {**(metadata.get("Endpoints") or {}), DOCKER: endpoint}
    contexts.write(metadata)
    if files is not None:
        contexts.write_tls(name, {DOCKER: files})
    print(name)
    complain(f"Successfully updated context {go_quote(name)}")
    return 0
