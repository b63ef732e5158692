"""Tokens become a tree, by Go's grammar and with Go's complaints.

{{pipe}}  {{if pipe}} … {{else if pipe}} … {{else}} … {{end}}  {{range $i, $v := pipe}} …
{{with pipe}} …  {{define "name"}} … {{end}}  {{template "name" pipe}}  {{block "name" pipe}} …
pipe: [$x :=] command | command …      command: operand operand …
operand: .A.B  $x.A  (pipe).A  function  "text"  `text`  'c'  1  1.5  true  nil  .
"""

from __future__ import annotations

from seacan.cli.output.templates import nodes
from seacan.cli.output.templates.lexer import TemplateError, Token, tokens
from seacan.cli.output.templates.literals import constant
from seacan.cli.values import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

_OPERANDS = ("bool", "dot", "field", "identifier", "number", "string", "variable", "left paren")
_CONTROLS = ("if", "range", "with")


class Template:
    """Bodies by name; that of "" or another `name` of its own is what is executed first."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.bodies: dict[str, list[nodes.Node]] = {}


def parse(text: str, functions: Container[str], *, name: str = "") -> Template:
    """Return the tree of `text`, which may call `functions`. Raises TemplateError."""
    template = Template(name, text)
    _Parser(template, functions).parse()
    return template


class _Parser:
    def __init__(self, template: Template, functions: Container[str]) -> None:
        self._template = template
        self._functions = functions
        self._source = tokens(template.text)
        self._ahead: list[Token] = []
        self._line = 1
        self._variables = ["$"]
        self._range_depth = 0

    def parse(self) -> None:
        body: list[nodes.Node] = []
        while self._peek().kind != "EOF":
            node = self._text_or_action(is_outermost=True)
            if isinstance(node, nodes.Jump) and node.kind in ("end", "else"):
                raise self._error(f"unexpected {node}")
            if node is not None:
                body.append(node)
        self._template.bodies.setdefault(self._template.name, body)

    # Tokens

    def _next(self) -> Token:
        token = self._ahead.pop() if self._ahead else next(self._source)
        self._line = token.line
        return token

    def _back(self, token: Token) -> None:
        self._ahead.append(token)

    def _peek(self) -> Token:
        token = self._next()
        self._back(token)
        return token

    def _next_word(self) -> Token:
        while (token := self._next()).kind == "space":
            continue
        return token

    def _peek_word(self) -> Token:
        token = self._next_word()
        self._back(token)
        return token

    def _expect(self, kind: str, context: str) -> Token:
        token = self._next_word()
        if token.kind != kind:
            raise self._unexpected(token, context)
        return token

    def _error(self, text: str) -> TemplateError:
        return TemplateError(f"template: {self._template.name}:{self._line}: {text}")

    def _unexpected(self, token: Token, context: str) -> TemplateError:
        if token.kind == "error":
            return self._error(str(token))
        return self._error(f"unexpected {token} in {context}")

    # Actions

    def _body(self) -> tuple[list[nodes.Node], nodes.Jump]:
        """Return nodes up to an `{{end}}` or `{{else}}`, and that."""
        body: list[nodes.Node] = []
        while self._peek_word().kind != "EOF":
            node = self._text_or_action()
            if isinstance(node, nodes.Jump) and node.kind in ("end", "else"):
                return body, node
            assert node is not None
            body.append(node)
        raise self._error("unexpected EOF")

    def _text_or_action(self, *, is_outermost: bool = False) -> nodes.Node | None:
        token = self._next_word()
        if token.kind == "text":
            return nodes.Text(token.at, token.text)
        if token.kind != "left delimiter":
            raise self._unexpected(token, "input")
        word = self._next_word()
        if word.kind == "keyword" and word.text == "define" and is_outermost:
            self._define()
            return None
        if word.kind != "keyword" or word.text in ("define", "nil"):
            self._back(word)
            return nodes.Action(word.at, self._pipe("command", "right delimiter"))
        return self._keyword(word)

    def _keyword(self, word: Token) -> nodes.Node:
        match word.text:
            case "if" | "range" | "with":
                return self._control(word)
            case "template":
                return self._call(word)
            case "block":
                return self._block(word)
            case "else":
                if self._peek_word().text not in ("if", "with"):
                    self._expect("right delimiter", "else")
            case "end":
                self._expect("right delimiter", "end")
            case _:  # break, continue
                self._expect("right delimiter", f"{{{{{word.text}}}}}")
                if not self._range_depth:
                    raise self._error(f"{{{{{word.text}}}}} outside {{{{range}}}}")
        return nodes.Jump(word.at, word.text)

    def _control(self, word: Token) -> nodes.Control:
        kind = word.text
        known = len(self._variables)
        pipe = self._pipe(kind, "right delimiter")
        self._range_depth += kind == "range"
        body, end = self._body()
        self._range_depth -= kind == "range"
        otherwise = self._else(kind) if end.kind == "else" else None
        del self._variables[known:]
        return nodes.Control(word.at, kind, pipe, body, otherwise)

    def _else(self, kind: str) -> list[nodes.Node]:
        token = self._peek_word()
        if token.kind == "keyword" and token.text == kind:  # one {{end}} ends both
            return [self._control(self._next_word())]
        otherwise, end = self._body()
        if end.kind != "end":
            raise self._error(f"expected end; found {end}")
        return otherwise

    def _name(self, context: str) -> tuple[Token, str]:
        token = self._next_word()
        if token.kind != "string":
            raise self._unexpected(token, context)
        return token, str(self._constant(token).value)

    def _define(self) -> None:
        _, name = self._name("define clause")
        self._expect("right delimiter", "define clause")
        self._add(name, "define clause")

    def _add(self, name: str, context: str) -> None:
        outside = self._variables
        self._variables = ["$"]
        body, end = self._body()
        self._variables = outside
        if end.kind != "end":
            raise self._error(f"unexpected {end} in {context}")
        if any(not isinstance(node, nodes.Text) or node.text.strip() for node in body):
            self._template.bodies[name] = body
        else:
            self._template.bodies.setdefault(name, body)

    def _call(self, word: Token) -> nodes.Call:
        token, name = self._name("template clause")
        pipe = None
        after = self._next_word()
        if after.kind != "right delimiter":
            self._back(after)
            pipe = self._pipe("template clause", "right delimiter")
        return nodes.Call(token.at, name, pipe)

    def _block(self, word: Token) -> nodes.Call:
        token, name = self._name("block clause")
        pipe = self._pipe("block clause", "right delimiter")
        self._add(name, "block clause")
        return nodes.Call(token.at, name, pipe)

    # Pipelines

    def _pipe(self, context: str, end: str) -> nodes.Pipe:
        pipe = nodes.Pipe(self._peek_word().at)
        self._declarations(pipe, context)
        while (token := self._next_word()).kind != end:
            if token.kind not in _OPERANDS and token.text != "nil":
                raise self._unexpected(token, context)
            self._back(token)
            pipe.commands.append(self._command())
        self._check(pipe, context)
        return pipe

    def _declarations(self, pipe: nodes.Pipe, context: str) -> None:
        while self._peek_word().kind == "variable":
            variable = self._next_word()
            after = self._next()
            mark = after if after.kind != "space" else self._peek_word()
            if mark.kind not in ("assign", "declare") and mark.text != ",":
                self._back(after)
                self._back(variable)
                return
            if after.kind == "space":
                self._next_word()
            pipe.variables.append(variable.text)
            if mark.kind == "assign":
                pipe.is_assignment = True
            self._variables.append(variable.text)
            if mark.text != ",":
                return
            if context != "range" or len(pipe.variables) > 1:
                raise self._error(f"too many declarations in {context}")
            if self._peek_word().kind not in ("variable", "right delimiter", "right paren"):
                raise self._error("range can only initialize variables")

    def _check(self, pipe: nodes.Pipe, context: str) -> None:
        if not pipe.commands:
            raise self._error(f"missing value for {context}")
        for stage, command in enumerate(pipe.commands[1:], 2):
            if isinstance(command.arguments[0], nodes.Constant | nodes.Dot):
                raise self._error(f"non executable command in pipeline stage {stage}")

    def _command(self) -> nodes.Command:
        command = nodes.Command(self._peek_word().at, [])
        while True:
            self._back(self._next_word())
            if (operand := self._operand()) is not None:
                command.arguments.append(operand)
            token = self._next()
            if token.kind == "space":
                continue
            if token.kind in ("right delimiter", "right paren"):
                self._back(token)
            elif token.kind != "pipe":
                raise self._unexpected(token, "operand")
            break
        if not command.arguments:
            raise self._error("empty command")
        return command

    def _operand(self) -> nodes.Node | None:
        node = self._term()
        token = self._peek()
        if node is None or token.kind != "field":
            return node
        names = []
        while self._peek().kind == "field":
            names.append(self._next().text[1:])
        if isinstance(node, nodes.Field):
            return nodes.Field(token.at, (*node.names, *names))
        if isinstance(node, nodes.Variable):
            return nodes.Variable(token.at, node.name, names)
        if isinstance(node, nodes.Constant | nodes.Dot):
            raise self._error(f"unexpected . after term {go_quote(str(node))}")
        return nodes.Chain(token.at, node, names)

    def _term(self) -> nodes.Node | None:
        token = self._next_word()
        match token.kind:
            case "identifier":
                if token.text not in self._functions:
                    raise self._error(f"function {go_quote(token.text)} not defined")
                return nodes.Identifier(token.at, token.text)
            case "dot":
                return nodes.Dot(token.at)
            case "variable":
                self._require_variable(token.text)
                return nodes.Variable(token.at, token.text)
            case "field":
                return nodes.Field(token.at, (token.text[1:],))
            case "bool" | "number" | "string":
                return self._constant(token)
            case "left paren":
                return self._pipe("parenthesized pipeline", "right paren")
        if token.text == "nil":
            return nodes.Constant(token.at, "nil", "nil", None)
        self._back(token)
        return None

    def _require_variable(self, name: str) -> None:
        if name not in self._variables:
            raise self._error(f"undefined variable {go_quote(name)}")

    def _constant(self, token: Token) -> nodes.Constant:
        try:
            return constant(token)
        except ValueError as err:
            raise self._error(str(err)) from None
