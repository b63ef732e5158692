"""The tree of a template. `str` of a node is its source as Go writes it, which errors show.

`at` is the offset that errors point to.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Node:
    __slots__ = ("at",)

    def __init__(self, at: int) -> None:
        self.at = at


class Constant(Node):
    """A string, number, true, false or nil; `kind` is string, integer, float, bool or nil."""

    __slots__ = ("kind", "source", "value")

    def __init__(self, at: int, kind: str, source: str, value: object) -> None:
        super().__init__(at)
        self.kind = kind
        self.source = source
        self.value = value

    def __str__(self) -> str:
        return self.source


class Dot(Node):
    __slots__ = ()

    def __str__(self) -> str:
        return "."


class Identifier(Node):
    """The name of a function."""

    __slots__ = ("name",)

    def __init__(self, at: int, name: str) -> None:
        super().__init__(at)
        self.name = name

    def __str__(self) -> str:
        return self.name


class Field(Node):
    """`.A.B`: fields of the dot."""

    __slots__ = ("names",)

    def __init__(self, at: int, names: Sequence[str]) -> None:
        super().__init__(at)
        self.names = names

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


class Variable(Node):
    """`$name.A.B`."""

    __slots__ = ("name", "names")

    def __init__(self, at: int, name: str, names: Sequence[str] = ()) -> None:
        super().__init__(at)
        self.name = name
        self.names = names

    def __str__(self) -> str:
        return self.name + "".join(f".{name}" for name in self.names)


class Chain(Node):
    """`(…).A.B`: fields of what a pipeline or a function gives."""

    __slots__ = ("names", "node")

    def __init__(self, at: int, node: Node, names: Sequence[str]) -> None:
        super().__init__(at)
        self.node = node
        self.names = names

    def __str__(self) -> str:
        inner = f"({self.node})" if isinstance(self.node, Pipe) else str(self.node)
        return inner + "".join(f".{name}" for name in self.names)


class Command(Node):
    """A function or method with its arguments, or a value."""

    __slots__ = ("arguments",)

    def __init__(self, at: int, arguments: list[Node]) -> None:
        super().__init__(at)
        self.arguments = arguments

    def __str__(self) -> str:
        return " ".join(
            f"({node})" if isinstance(node, Pipe) else str(node) for node in self.arguments
        )


class Pipe(Node):
    """Commands, each of which gets the value of the one before as its last argument.

    `variables`: what the value is given to; `is_assignment`: they are there already.
    """

    __slots__ = ("commands", "is_assignment", "variables")

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.variables: list[str] = []
        self.is_assignment = False
        self.commands: list[Command] = []

    def __str__(self) -> str:
        head = ", ".join(self.variables)
        if head:
            head += " = " if self.is_assignment else " := "
        return head + " | ".join(map(str, self.commands))


class Text(Node):
    __slots__ = ("text",)

    def __init__(self, at: int, text: str) -> None:
        super().__init__(at)
        self.text = text


class Action(Node):
    """`{{pipe}}`: its value is printed."""

    __slots__ = ("pipe",)

    def __init__(self, at: int, pipe: Pipe) -> None:
        super().__init__(at)
        self.pipe = pipe

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


class Control(Node):
    """`{{if}}`, `{{with}}` or `{{range}}` (`kind`), with what is done for it, or else."""

    __slots__ = ("body", "kind", "otherwise", "pipe")

    def __init__(
        self, at: int, kind: str, pipe: Pipe, body: list[Node], otherwise: list[Node] | None
    ) -> None:
        super().__init__(at)
        self.kind = kind
        self.pipe = pipe
        self.body = body
        self.otherwise = otherwise

    def __str__(self) -> str:
        return f"{{{{{self.kind} {self.pipe}}}}}"


class Call(Node):
    """`{{template "name" pipe}}`."""

    __slots__ = ("name", "pipe")

    def __init__(self, at: int, name: str, pipe: Pipe | None) -> None:
        super().__init__(at)
        self.name = name
        self.pipe = pipe

    def __str__(self) -> str:
        from seacan.cli.values import go_quote

        pipe = f" {self.pipe}" if self.pipe else ""
        return f"{{{{template {go_quote(self.name)}{pipe}}}}}"


class Jump(Node):
    """`{{break}}` or `{{continue}}` (`kind`); while parsing, `{{end}}` and `{{else}}` as well."""

    __slots__ = ("kind",)

    def __init__(self, at: int, kind: str) -> None:
        super().__init__(at)
        self.kind = kind

    def __str__(self) -> str:
        return f"{{{{{self.kind}}}}}"
