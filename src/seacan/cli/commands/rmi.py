"""`seacan rmi`: names of images, and images without a name left."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.platform import PLATFORMS, platforms_json
from seacan.cli.session import complain
from seacan.cli.values import SWITCH
from seacan.errors import NotFound, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("force", "f", SWITCH, "Remove images that stopped containers use, and all their names"),
    Flag("no-prune", "", SWITCH, "Keep parents without a name"),
    Flag("platform", "", PLATFORMS, "Remove images of these platforms alone, as in linux/arm64"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    """With --force a missing image is told, but is no failure."""
    force = values.on("force")
    platforms = platforms_json(values.texts("platform"))
    code = 0
    for name in arguments:
        try:
            gone = session.client.images.remove(
                name, force=force, prune=not values.on("no-prune"), platforms=platforms
            )
        except SeacanError as err:
            complain(str(err))
            if not (force and isinstance(err, NotFound)):
                code = 1
            continue
        for record in gone:
            for what, reference in record.items():
                print(f"{what}: {reference}", flush=True)
    return code
