"""`seacan commit`: an image of what a container changed."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.references import require_reference
from seacan.cli.values import SWITCH_ON, TEXT, TEXTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("author", "a", TEXT, "Who made the image, as in 'John Hannibal Smith <h@a-team.com>'"),
    Flag("change", "c", TEXTS, "Dockerfile instruction to apply, as in 'CMD [\"sh\"]'"),
    Flag("message", "m", TEXT, "Comment to keep with the image"),
    Flag("pause", "p", SWITCH_ON, "Let the container stand still meanwhile", shown="true"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    if len(arguments) > 1:
        require_reference(arguments[1])
    image_id = session.client.containers.commit(
        arguments[0],
        reference=arguments[1] if len(arguments) > 1 else None,
        author=values.text("author"),
        message=values.text("message"),
        changes=values.texts("change"),
        pause=values.on("pause"),
    )
    print(image_id)
    return 0
