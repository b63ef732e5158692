"""What templates print. test_templates.py of the conformance tests compares many more with Go's."""

from typing import Any

import pytest

from seacan.cli.output.templates.execution import ExecutionError, execute
from seacan.cli.output.templates.functions import DOCKER, HEADER
from seacan.cli.output.templates.lexer import TemplateError
from seacan.cli.output.templates.parser import parse
from seacan.cli.output.templates.values import Record

DATA = {"Name": "web", "List": ["a", "b"], "Map": {"y": 2, "x": 1}, "Number": 3, "Null": None}


def printed(text: str, data: Any = DATA, **options: bool) -> str:
    return execute(parse(text, DOCKER), data, DOCKER, **options)


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("{{.Name}}", "web"),
        ("{{.Map.x}} {{$.Map.y}}", "1 2"),
        ("{{.None}} {{.None.More}} {{.Null}}", "<no value> <no value> <no value>"),
        ("{{range .List}}{{.}},{{end}}", "a,b,"),
        ("{{range $i, $e := .List}}{{$i}}{{$e}} {{end}}", "0a 1b "),
        ("{{range $k, $v := .Map}}{{$k}}={{$v}} {{end}}", "x=1 y=2 "),
        ("{{range .Null}}x{{else}}none{{end}}", "none"),
        (
            "{{range 4}}{{if eq . 1}}{{continue}}{{end}}{{if eq . 3}}{{break}}{{end}}{{.}}{{end}}",
            "02",
        ),
        ("{{if .None}}a{{else if .Number}}b{{else}}c{{end}}", "b"),
        ("{{with .None}}a{{else with .Name}}{{.}}{{end}}", "web"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{end}}{{$x}}", "2"),
        ('{{define "t"}}<{{.}}>{{end}}{{template "t" .Name}}{{template "t"}}', "<web><<no value>>"),
        ('{{block "b" .Number}}({{.}}){{end}}', "(3)"),
        ("a {{- /* comment */ -}} b{{/* another */}}", "ab"),
        (" {{- .Name -}} \n.", "web."),
        ('{{.List | len}} {{join .List "-" | upper | printf "%s!"}}', "2 A-B!"),
        ("{{and .Number 0 (index .List 9)}} {{or 0 .Name}} {{not .Null}}", "0 web true"),
        ('{{eq .Number 1 3}} {{ne .Name "x"}} {{lt 1 2}} {{ge 2 3}}', "true true true false"),
        ('{{index .List 1}} {{index .Map "x"}} {{slice .Name 1}} {{(.Map).x}}', "b 1 eb 1"),
        ('{{print 1 2 "a" nil}}{{println .List .Map}}', "1 2a<nil>[a b] map[x:1 y:2]\n"),
        (
            '{{title "a-b c"}} {{pad "x" 1 2}}. {{truncate "abc" 2}} {{split "a,b" ","}}',
            "A-B C  x  . ab [a b]",
        ),
        ('{{json .Map}} {{json "<é>"}} {{json .Null}}', '{"x":1,"y":2} "<é>" null'),
        ('{{html "<a>"}} {{js "\'"}} {{urlquery "a b"}}', "&lt;a&gt; \\' a+b"),
        (
            "{{1.5}} {{0x1f}} {{1e21}} {{'a'}} {{true}} {{`a\\t`}} {{\"\\u00e9\\x41\"}}",
            "1.5 31 1e+21 97 true a\\t éA",
        ),
    ],
)
def test_output(text: str, output: str) -> None:
    assert printed(text) == output


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{{", "template: :1: unclosed action"),
        ("a\n{{nope}}", 'template: :2: function "nope" not defined'),
        ("{{.ID}", "template: :1: bad character U+007D '}'"),
        ("{{if .Name}}", "template: :1: unexpected EOF"),
        ("{{$x}}", 'template: :1: undefined variable "$x"'),
        ("{{break}}", "template: :1: {{break}} outside {{range}}"),
        ("{{.Name | 3}}", "template: :1: non executable command in pipeline stage 2"),
        ("{{.Name.}}", "template: :1: unexpected <.> in operand"),
        ("{{1a}}", 'template: :1: bad number syntax: "1a"'),
    ],
)
def test_what_cannot_be_parsed(text: str, complaint: str) -> None:
    with pytest.raises(TemplateError) as raised:
        parse(text, DOCKER)
    assert str(raised.value) == complaint


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{{.None}}", ':1:2: executing "" at <.None>: map has no entry for key "None"'),
        ("é\n  {{.Map.z}}", ':2:8: executing "" at <.Map.z>: map has no entry for key "z"'),
        (
            "{{.Name.X}}",
            ':1:7: executing "" at <.Name.X>: can\'t evaluate field X in type interface {}',
        ),
        ("{{.Null.X}}", ':1:7: executing "" at <.Null.X>: nil pointer evaluating interface {}.X'),
        ("{{len 3}}", ':1:2: executing "" at <len 3>: error calling len: len of type int'),
        ("{{upper 3}}", ':1:8: executing "" at <3>: expected string; found 3'),
        (
            "{{upper .List}}",
            ':1:8: executing "" at <.List>: wrong type for value; expected string; got []string',
        ),
        (
            "{{pad .Name}}",
            ':1:2: executing "" at <pad>: wrong number of args for pad: want 3 got 1',
        ),
        (
            '{{define "t"}}{{nil}}{{end}}{{template "t"}}',
            ':1:16: executing "t" at <nil>: nil is not a command',
        ),
        (
            '{{template "none"}}',
            ':1:11: executing "" at <{{template "none"}}>: template "none" not defined',
        ),
        (
            '{{define "t"}}{{template "t"}}{{end}}{{template "t"}}',
            ':1:25: executing "t" at <{{template "t"}}>: exceeded maximum template depth (100)',
        ),
    ],
)
def test_what_fails(text: str, complaint: str) -> None:
    with pytest.raises(ExecutionError) as raised:
        printed(text, is_strict=True)
    assert str(raised.value) == f"template: {complaint}"


def test_what_was_printed_before_a_failure_is_known() -> None:
    with pytest.raises(ExecutionError) as raised:
        printed("a{{.Name}}{{len 3}}b")
    assert raised.value.output == "aweb"


def test_methods_and_fields_of_a_record() -> None:
    row = Record("*x.Row", {"ID": "7"}, methods={"Label": lambda name: f"<{name}>"})
    assert printed('{{.ID}} {{.Label "a"}} {{"b" | .Label}}', row) == "7 <a> <b>"
    assert row.used == {"ID"}
    for text, complaint in (
        ("{{.None}}", "can't evaluate field None in type *x.Row"),
        ("{{.Label}}", "wrong number of args for Label: want 1 got 0"),
        ("{{.ID 3}}", "wrong number of args for ID: want 0 got 1"),
    ):
        with pytest.raises(ExecutionError, match=complaint.replace("*", r"\*")):
            printed(text, row)


def test_headers_stay_as_they_are() -> None:
    template = parse("{{upper .A}} {{json .A}} {{truncate .A 1}} {{pad .A 1 0}}", HEADER)
    assert execute(template, {"A": "Name"}, HEADER) == "Name Name Name  Name"
