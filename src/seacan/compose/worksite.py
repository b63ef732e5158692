"""What all that is done for a project works with."""

from __future__ import annotations

from seacan.errors import SeacanError
from seacan.lean import StrEnum
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from seacan.client.client import Client
    from seacan.compose.model.notices import Notices
    from seacan.compose.model.project import Project

    class Progress(Protocol):
        """Where is told what is being done; called from several threads."""

        def show(self, what: str, status: str, outcome: Outcome = ...) -> None:
            """Tell that `what` (`Container app-web-1`) is in `status` (`Created`)."""


class Outcome(StrEnum):
    WORKING = "working"
    DONE = "done"
    WARNING = "warning"
    ERROR = "error"


@record
class Worksite:
    """`at_once`: how many things are done side by side. `registry_headers`: who asks, by image.

    `build` makes the image of a service, by its name. Raises SeacanError. `quiet_pull`: layers that
    are pulled are not shown. `dry_run`: nothing is done, and so nothing waited for.
    """

    client: Client
    progress: Progress
    notices: Notices
    registry_headers: Callable[[str], dict[str, str]]
    at_once: int
    build: Callable[[Project, str], None]
    quiet_pull: bool = False
    dry_run: bool = False


class Telling:
    """Says that something begins, then how it ended."""

    def __init__(self, site: Worksite, what: str, begun: str, done: str) -> None:
        self._progress = site.progress
        self._what = what
        self._begun = begun
        self._done = done

    def __enter__(self) -> None:
        self._progress.show(self._what, self._begun)

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, SeacanError):
            self._progress.show(self._what, f"Error {error}", Outcome.ERROR)
        elif error is None:
            self._progress.show(self._what, self._done, Outcome.DONE)
