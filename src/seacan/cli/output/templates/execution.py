"""A template and data become text, step by step as in Go's text/template.

An error names the place in the template: `template: :1:8: executing "" at <.State.Foo>: …`.
"""

from __future__ import annotations

from seacan.cli.output.templates import nodes
from seacan.cli.output.templates.functions import CallError, Function
from seacan.cli.output.templates.lexer import TemplateError
from seacan.cli.output.templates.values import (
    MISSING,
    Missing,
    Nil,
    NilList,
    Record,
    is_true,
    plain,
    shown,
    type_name,
)
from seacan.cli.values import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from seacan.cli.output.templates.parser import Template

# Go allows 100,000; Python's own stack ends long before.
_MOST_CALLS = 100


class ExecutionError(TemplateError):
    """Execution failed; `output` is what was printed until then."""

    def __init__(self, text: str, output: str) -> None:
        super().__init__(text)
        self.output = output


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class _NotGiven:
    pass


_NOT_GIVEN = _NotGiven()


def execute(
    template: Template,
    data: Any,
    functions: Mapping[str, Function],
    *,
    is_strict: bool = False,
) -> str:
    """Return what `template` prints for `data`. Raises ExecutionError.

    `is_strict`: a key that a map has not is an error, instead of `<no value>`.
    """
    execution = _Execution(template, functions, is_strict, data)
    execution.walk(template.bodies[template.name], data)
    return "".join(execution.output)


class _Execution:
    def __init__(
        self, template: Template, functions: Mapping[str, Function], is_strict: bool, data: Any
    ) -> None:
        self.output: list[str] = []
        self._template = template
        self._functions = functions
        self._is_strict = is_strict
        self._data = data
        self._variables: list[tuple[str, Any]] = [("$", data)]
        self._body_name = template.name
        self._node: nodes.Node | None = None
        self._calls = 0

    def _error(self, text: str) -> ExecutionError:
        node = self._node
        assert node is not None
        before = self._template.text[: node.at]
        line = before.count("\n") + 1
        column = len(before.rpartition("\n")[2].encode(errors="surrogateescape"))
        place = f"template: {self._template.name}:{line}:{column}"
        return ExecutionError(
            f"{place}: executing {go_quote(self._body_name)} at <{node}>: {text}",
            "".join(self.output),
        )

    # Nodes

    def walk(self, body: Iterable[nodes.Node], dot: Any) -> None:
        for node in body:
            self._node = node
            if isinstance(node, nodes.Text):
                self.output.append(node.text)
            elif isinstance(node, nodes.Action):
                value = self._pipe(dot, node.pipe)
                if not node.pipe.variables:
                    self.output.append(shown(value))
            elif isinstance(node, nodes.Control):
                self._control(dot, node)
            elif isinstance(node, nodes.Call):
                self._call_template(dot, node)
            elif isinstance(node, nodes.Jump):
                raise _Break if node.kind == "break" else _Continue

    def _control(self, dot: Any, node: nodes.Control) -> None:
        known = len(self._variables)
        try:
            value = self._pipe(dot, node.pipe)
            if node.kind == "range":
                self._range(dot, node, value)
            elif is_true(value):
                self.walk(node.body, value if node.kind == "with" else dot)
            elif node.otherwise:
                self.walk(node.otherwise, dot)
        finally:
            del self._variables[known:]

    def _range(self, dot: Any, node: nodes.Control, value: Any) -> None:
        pairs = self._pairs(node, value)
        if not pairs:
            self.walk(node.otherwise or (), dot)
            return
        known = len(self._variables)
        for key, item in pairs:
            self._set_range_variables(node.pipe, key, item)
            try:
                self.walk(node.body, item)
            except _Continue:
                continue
            except _Break:
                break
            finally:
                del self._variables[known:]

    def _pairs(self, node: nodes.Control, value: Any) -> Sequence[tuple[Any, Any]]:
        if isinstance(value, list):
            return list(enumerate(value))
        if isinstance(value, dict):
            return sorted(value.items())
        if value is None or isinstance(value, Missing | Nil):
            return ()
        if isinstance(value, int) and not isinstance(value, bool):
            if len(node.pipe.variables) > 1:
                raise self._error(f"can't use {value} to iterate over more than one variable")
            return [(at, at) for at in range(value)]
        raise self._error(f"range can't iterate over {plain(value)}")

    def _set_range_variables(self, pipe: nodes.Pipe, key: Any, item: Any) -> None:
        names = pipe.variables
        values = (key, item) if len(names) > 1 else (item,)
        for name, value in zip(names, values, strict=False):
            self._set(name, value)

    def _set(self, name: str, value: Any) -> None:
        for at in range(len(self._variables) - 1, -1, -1):
            if self._variables[at][0] == name:
                self._variables[at] = (name, value)
                return
        raise self._error(f"undefined variable: {name}")

    def _call_template(self, dot: Any, node: nodes.Call) -> None:
        body = self._template.bodies.get(node.name)
        if body is None:
            raise self._error(f"template {go_quote(node.name)} not defined")
        if self._calls == _MOST_CALLS:
            raise self._error(f"exceeded maximum template depth ({_MOST_CALLS})")
        data = self._pipe(dot, node.pipe) if node.pipe else MISSING
        outside, outside_name = self._variables, self._body_name
        self._variables, self._body_name = [("$", data)], node.name
        self._calls += 1
        self.walk(body, data)
        self._calls -= 1
        self._variables, self._body_name = outside, outside_name

    # Pipelines

    def _pipe(self, dot: Any, pipe: nodes.Pipe) -> Any:
        self._node = pipe
        value: Any = _NOT_GIVEN
        for command in pipe.commands:
            value = self._command(dot, command, value)
        for name in pipe.variables:
            if pipe.is_assignment:
                self._set(name, value)
            else:
                self._variables.append((name, value))
        return value

    def _command(self, dot: Any, command: nodes.Command, final: Any) -> Any:
        first, rest = command.arguments[0], command.arguments[1:]
        if isinstance(first, nodes.Field):
            self._node = first
            return self._chain(dot, dot, first.names, rest, final)
        if isinstance(first, nodes.Variable):
            return self._variable(dot, first, rest, final)
        if isinstance(first, nodes.Chain):
            return self._chain_node(dot, first, rest, final)
        if isinstance(first, nodes.Identifier):
            return self._function(dot, first, command, rest, final)
        self._node = first
        if rest or final is not _NOT_GIVEN:
            raise self._error(f"can't give argument to non-function {first}")
        if isinstance(first, nodes.Pipe):
            return self._pipe(dot, first)
        if isinstance(first, nodes.Dot):
            return dot
        assert isinstance(first, nodes.Constant)
        if first.kind == "nil":
            raise self._error("nil is not a command")
        return first.value

    def _variable(self, dot: Any, node: nodes.Variable, rest: list[nodes.Node], final: Any) -> Any:
        self._node = node
        value = next(found for name, found in reversed(self._variables) if name == node.name)
        if not node.names:
            if rest or final is not _NOT_GIVEN:
                raise self._error(f"can't give argument to non-function {node}")
            return value
        return self._chain(dot, value, node.names, rest, final)

    def _chain_node(self, dot: Any, node: nodes.Chain, rest: list[nodes.Node], final: Any) -> Any:
        self._node = node
        if isinstance(node.node, nodes.Constant) and node.node.kind == "nil":
            raise self._error("indirection through explicit nil in " + str(node))
        value = self._argument(dot, node.node, "any")
        return self._chain(dot, value, node.names, rest, final, is_interface=False)

    def _chain(
        self,
        dot: Any,
        value: Any,
        names: Sequence[str],
        rest: list[nodes.Node],
        final: Any,
        *,
        is_interface: bool = True,
    ) -> Any:
        """Return a field of a field. What is JSON alone has the type `interface {}`."""
        is_interface = is_interface and self._is_strict and value is not self._data
        for name in names[:-1]:
            value = self._field(dot, value, name, [], _NOT_GIVEN, is_interface)
            is_interface = self._is_strict
        return self._field(dot, value, names[-1], rest, final, is_interface)

    def _field(
        self,
        dot: Any,
        value: Any,
        name: str,
        rest: list[nodes.Node],
        final: Any,
        is_interface: bool,
    ) -> Any:
        node = self._node
        assert node is not None
        has_arguments = bool(rest) or final is not _NOT_GIVEN
        if isinstance(value, Missing):
            if self._is_strict:
                raise self._error(f"nil data; no entry for key {go_quote(name)}")
            return MISSING
        if isinstance(value, Record):
            if method := value.methods.get(name):
                return self._call(dot, Function(method, "string"), node, name, rest, final)
            if name in value:
                if has_arguments:
                    count = len(rest) + (final is not _NOT_GIVEN)
                    raise self._error(f"wrong number of args for {name}: want 0 got {count}")
                return value.get(name)
        elif isinstance(value, dict):
            if has_arguments:
                raise self._error(f"{name} is not a method but has arguments")
            if name in value:
                return value[name]
            if self._is_strict:
                raise self._error(f"map has no entry for key {go_quote(name)}")
            return MISSING
        kind = "interface {}" if is_interface or value is None else type_name(value)
        if value is None or isinstance(value, Nil):
            raise self._error(f"nil pointer evaluating {kind}.{name}")
        raise self._error(f"can't evaluate field {name} in type {kind}")

    # Calls

    def _function(
        self,
        dot: Any,
        node: nodes.Identifier,
        command: nodes.Node,
        rest: list[nodes.Node],
        final: Any,
    ) -> Any:
        self._node = node
        return self._call(dot, self._functions[node.name], command, node.name, rest, final)

    def _call(
        self,
        dot: Any,
        function: Function,
        node: nodes.Node,
        name: str,
        rest: list[nodes.Node],
        final: Any,
    ) -> Any:
        count = len(rest) + (final is not _NOT_GIVEN)
        least = len(function.kinds)
        if count < least or (count > least and not function.more):
            bound = "at least " if function.more else ""
            raise self._error(f"wrong number of args for {name}: want {bound}{least} got {count}")
        if name in ("and", "or"):
            return self._and_or(dot, name, rest, final)
        kinds = [*function.kinds, *[function.more] * (count - least)]
        values = [self._argument(dot, one, kind) for one, kind in zip(rest, kinds, strict=False)]
        if final is not _NOT_GIVEN:
            values.append(self._checked(final, kinds[-1]))
        try:
            return function.call(*values)
        except CallError as err:
            self._node = node
            text = str(err)
            if name == "call" and text.startswith("non-function "):
                text = text.replace("non-function", f"non-function {(rest or [node])[0]}")
            raise self._error(f"error calling {name}: {text}") from None

    def _and_or(self, dot: Any, name: str, rest: list[nodes.Node], final: Any) -> Any:
        """Return the first value that decides; those after it are not asked for."""
        value: Any = MISSING
        for node in rest:
            value = self._argument(dot, node, "any")
            if is_true(value) == (name == "or"):
                return value
        return value if final is _NOT_GIVEN else final

    def _argument(self, dot: Any, node: nodes.Node, kind: str) -> Any:
        self._node = node
        if isinstance(node, nodes.Constant):
            return self._constant(node, kind)
        if isinstance(node, nodes.Dot):
            value = dot
        elif isinstance(node, nodes.Field):
            value = self._chain(dot, dot, node.names, [], _NOT_GIVEN)
        elif isinstance(node, nodes.Variable):
            value = self._variable(dot, node, [], _NOT_GIVEN)
        elif isinstance(node, nodes.Pipe):
            value = self._pipe(dot, node)
        elif isinstance(node, nodes.Chain):
            value = self._chain_node(dot, node, [], _NOT_GIVEN)
        else:
            assert isinstance(node, nodes.Identifier)
            value = self._function(dot, node, node, [], _NOT_GIVEN)
        return self._checked(value, kind)

    def _constant(self, node: nodes.Constant, kind: str) -> Any:
        wanted = {"string": "string", "int": "integer"}.get(kind)
        if node.kind == "nil":
            if wanted:
                raise self._error(f"cannot assign nil to {kind}")
            return NilList() if kind == "[]string" else None
        if kind == "[]string":
            raise self._error(f"can't handle {node} for arg of type []string")
        if wanted and node.kind != wanted:
            raise self._error(f"expected {wanted}; found {node}")
        return node.value

    def _checked(self, value: Any, kind: str) -> Any:
        """Return `value` if an argument of `kind` may have it."""
        if kind == "any":
            return None if isinstance(value, Missing) else value
        if value is None or isinstance(value, Missing):
            if kind == "[]string":
                return NilList()
            raise self._error(f"invalid value; expected {kind}")
        if kind == "string":
            fits = isinstance(value, str)
        elif kind == "int":
            fits = isinstance(value, int) and not isinstance(value, bool)
        else:
            fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if not fits:
            raise self._error(f"wrong type for value; expected {kind}; got {type_name(value)}")
        return value
