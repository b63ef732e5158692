"""`seacan pull`: an image from a registry."""

from __future__ import annotations

from seacan.cli.content_trust import DISABLE_TRUST, require_no_trust
from seacan.cli.flags import Flag
from seacan.cli.registry_transfer import follow, whole_name, with_registry
from seacan.cli.values import SWITCH, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("all-tags", "a", SWITCH, "Pull all tags of the repository"),
    DISABLE_TRUST,
    Flag("platform", "", TEXT, "Platform of the image, as in linux/arm64"),
    Flag("quiet", "q", SWITCH, "Print the name of the image alone"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    require_no_trust(values)
    name = whole_name(arguments[0], values)
    reply = session.client.images.pull(
        name,
        platform=values.text("platform"),
        all_tags=values.on("all-tags"),
        headers=session.registry_headers(name),
    )
    follow(reply, values)
    print(with_registry(name))
    return 0
