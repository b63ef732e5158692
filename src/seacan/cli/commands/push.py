"""`seacan push`: an image to its registry."""

from __future__ import annotations

from seacan.cli.content_trust import DISABLE_TRUST, require_no_trust
from seacan.cli.flags import Flag
from seacan.cli.platform import platform_json
from seacan.cli.registry_transfer import follow, whole_name
from seacan.cli.values import SWITCH, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("all-tags", "a", SWITCH, "Push all tags of the repository"),
    DISABLE_TRUST,
    Flag("platform", "", TEXT, "Push the image for this platform alone, as in linux/arm64"),
    Flag("quiet", "q", SWITCH, "Print the name of the image alone"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    require_no_trust(values)
    name = whole_name(arguments[0], values)
    reply = session.client.images.push(
        name,
        platform=platform_json(values.text("platform")),
        all_tags=values.on("all-tags"),
        headers=session.registry_headers(name),
    )
    follow(reply, values)
    if values.on("quiet"):
        print(name)
    return 0
