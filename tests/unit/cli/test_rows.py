"""Lists in the formats that people ask for."""

import sys

import pytest

from seacan.cli.output.rows import Listing, Row, text_of

PLANETS = Listing(
    "*sky.planet",
    {"ID": "PLANET ID", "Name": "NAME", "Moons": "MOONS", "Ring": None},
    ("ID", "Name"),
    raw="id: {{.ID}}\\nname: {{.Name}}",
    has_labels=True,
)


def rows() -> list[Row]:
    found = [
        Row({"ID": "3", "Name": "earth", "Moons": "1", "Ring": "no"}),
        Row({"ID": "6", "Name": "saturn<>", "Moons": None, "Ring": "yes"}),
    ]
    found[0].labels = {"life.kind": "yes"}
    return found


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("", "PLANET ID   NAME\n3           earth\n6           saturn<>\n"),
        ("table", "PLANET ID   NAME\n3           earth\n6           saturn<>\n"),
        ("table {{.Name}}\\t{{ .Ring }}", "NAME       <no value>\nearth      no\nsaturn<>   yes\n"),
        ("{{.Name}}: {{.Moons}}", "earth: 1\nsaturn<>: <nil>\n"),
        ("raw", "id: 3\nname: earth\nid: 6\nname: saturn<>\n"),
        (
            "json",
            '{"ID":"3","Moons":"1","Name":"earth","Ring":"no"}\n'
            '{"ID":"6","Moons":null,"Name":"saturn\\u003c\\u003e","Ring":"yes"}\n',
        ),
        ("table {{upper .Name}}\t{{.Moons}}", "NAME       MOONS\nEARTH      1\nSATURN<>   <nil>\n"),
        ('table {{.Label "life.kind"}}', "kind\nyes\n\n"),
    ],
)
def test_formats(form: str, text: str) -> None:
    assert text_of(PLANETS, rows(), form) == text


def test_quiet_and_other_columns() -> None:
    assert text_of(PLANETS, rows(), "", quiet="ID") == "3\n6\n"
    assert text_of(PLANETS, rows(), "", columns=["Moons", "Name"]).startswith("MOONS     NAME\n")


def test_wide_letters_take_two_columns() -> None:
    lines = text_of(PLANETS, [Row({"ID": "地球です。惑星", "Name": "x"})], "").split("\n")
    assert lines[:2] == ["PLANET ID        NAME", "地球です。惑星   x"]


def test_a_row_with_fewer_cells_ends_a_column() -> None:
    form = 'table {{.ID}}{{if eq .ID "3"}}\twide and wider\t{{end}}{{.Name}}'
    assert text_of(PLANETS, rows(), form).split("\n")[:3] == [
        "PLANET IDNAME",
        "3         wide and wider   earth",
        "6saturn<>",
    ]


def test_fields_alone_need_no_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "seacan.cli.output.templates", None)
    assert text_of(PLANETS, rows(), "table {{.ID}}\t{{.Name}}")
    with pytest.raises(ImportError):
        text_of(PLANETS, rows(), "{{upper .ID}}")


def test_the_usual_table_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = [Row({"ID": "3" * 20, "Name": "n" * 40, "Moons": "m" * 30}), rows()[0]]
    columns = ("ID", "Moons", "Name")
    monkeypatch.setattr("seacan.cli.output.rows.size", lambda: (24, 85))
    lines = text_of(PLANETS, wide, "", columns=columns).split("\n")
    assert lines[1] == "3" * 20 + "   " + "m" * 18 + "…   " + "n" * 40
    assert "m" * 30 in text_of(PLANETS, wide, "", columns=columns, fits=False)
    assert "m" * 30 in text_of(PLANETS, wide, "table {{.Moons}}\t{{.Name}}")
    monkeypatch.setattr("seacan.cli.output.rows.size", lambda: (24, 10))
    lines = text_of(PLANETS, wide, "", columns=columns).split("\n")
    assert lines[1] == "3" * 20 + "   " + "m" * 11 + "…   " + "n" * 40
