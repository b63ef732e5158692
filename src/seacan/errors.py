"""The errors of seacan, by what a caller can do about them.

Each door has one table: class to HTTP status (api), to exit code (cli, runtime). Nobody branches on
the text, which is one line: operation, object, cause.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


class SeacanError(Exception):
    """The root of the tree; never raised itself.

    `about_others` goes on with the text and names what the caller has not asked for: it is told to
    those who may know of everything, and is no part of str().
    """

    def __init__(self, text: str = "", about_others: str = "") -> None:
        super().__init__(text)
        self.about_others = about_others

    @property
    def whole(self) -> str:
        """The text, with what it says about others."""
        return f"{self}{self.about_others}"

    def within(self, work: str) -> "Self":
        """Return the same error, as one of `work` of which this was a part."""
        return type(self)(f"{work}: {self}", self.about_others)


class InvalidArgument(SeacanError):
    """The request is wrong, and will be wrong again."""


class Unauthorized(SeacanError):
    """The caller has not said who it is."""


class Forbidden(SeacanError):
    """The caller may not do this."""


class NotFound(SeacanError):
    """The object named does not exist."""


class Conflict(SeacanError):
    """The object is in a state, or has a holder, that rules this out now."""


class NotModified(SeacanError):
    """The object is already as asked."""


class Unavailable(SeacanError):
    """Something needed is not there at present; trying again may help."""


class Unsupported(SeacanError):
    """seacan, or this kernel, does not do this."""


class Internal(SeacanError):
    """Something failed that the caller is not to blame for."""
