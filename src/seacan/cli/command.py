"""What is known of a command before its module is imported.

Command(("ps", "container ls", …), "[OPTIONS]", "List containers", …)
         first spelling: what the module is called, with `_` for a blank
"""

from __future__ import annotations

UNLIMITED = 1_000_000


class Command:
    """One command. `least` and `most` bound the number of its arguments.

    `runs_another`: flags end at the first argument, as what follows is another command's.
    `is_hidden`: no help lists it, since programs call it.
    """

    __slots__ = ("arguments", "is_hidden", "least", "most", "names", "runs_another", "summary")

    def __init__(
        self,
        names: tuple[str, ...],
        arguments: str,
        summary: str,
        *,
        least: int = 0,
        most: int = 0,
        runs_another: bool = False,
        is_hidden: bool = False,
    ) -> None:
        self.names = names
        self.arguments = arguments
        self.summary = summary
        self.least = least
        self.most = most
        self.runs_another = runs_another
        self.is_hidden = is_hidden

    @property
    def module(self) -> str:
        """The name of the module that does it; `import`, a word of Python's, gets an underscore."""
        name = self.names[0].replace(" ", "_").replace("-", "_")
        return f"seacan.cli.commands.{'import_rootfs' if name == 'import' else name}"

    @property
    def spellings(self) -> list[str]:
        """All ways to call it, the management ones first."""
        return [*self.names[1:], self.names[0]]

    def usage_line(self, spelling: str = "") -> str:
        return f"seacan {spelling or self.names[0]} {self.arguments}".rstrip()


class Group:
    """A management command: the first word of some spellings."""

    __slots__ = ("name", "summary")

    def __init__(self, name: str, summary: str) -> None:
        self.name = name
        self.summary = summary
