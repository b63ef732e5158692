"""The files of a context that is sent: those of directories, and texts that are here alone."""

from __future__ import annotations

from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from seacan.spec.dockerignore import Ignored


@record
class Tree:
    """A directory, without what is ignored; it is `inside` the context, empty for its top."""

    root: str
    ignored: Ignored
    inside: str = ""

    def name(self, path: str) -> str:
        """Return what a file below `root` is called in the context."""
        return f"{self.inside}/{path}" if self.inside else path


@record
class Files:
    """`texts` by name: they come in the place of files that are called so."""

    trees: tuple[Tree, ...]
    texts: Mapping[str, bytes]
