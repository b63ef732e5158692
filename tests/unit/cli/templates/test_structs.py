"""JSON of the daemon as structs of Go's clients."""

import pytest

from seacan.cli.output.templates import render
from seacan.cli.output.templates.structs import struct
from seacan.errors import InvalidArgument

CONTAINER = {
    "Id": "abc",
    "State": {"Status": "running", "Pid": 7},
    "Config": {"Labels": {"b": "2", "a": "1"}, "Env": None, "ExposedPorts": {"80/tcp": {}}},
    "Mounts": [{"Type": "volume", "Name": "data", "RW": True}],
    "New": "of a newer daemon",
}


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("{{.ID}} {{.Id}}", None),
        ("{{.ID}} {{.State.Status}} {{.State.Pid}}", "abc running 7"),
        ("{{.State.Health}} {{.Config.Env}} {{.RestartCount}} {{.Name}}|", "<nil> [] 0 |"),
        ("{{if .State.Health}}a{{else}}none{{end}}", "none"),
        ("{{.Config.Labels}} {{.Config.ExposedPorts}}", "map[a:1 b:2] map[80/tcp:{}]"),
        ("{{.Mounts}}", "[{volume data     true }]"),
        (
            "{{json .State}} {{json .Config.Env}} {{json .State.Health}}",
            '{"Status":"running","Pid":7} null null',
        ),
        ("{{.Id}} {{.New}}", "abc of a newer daemon"),
    ],
)
def test_inspect(text: str, output: str | None) -> None:
    record = struct("container.InspectResponse", CONTAINER)
    template = render.parsed(text)
    if output is None:  # neither Go's name nor JSON's alone would do
        with pytest.raises(InvalidArgument, match='map has no entry for key "ID"'):
            render.inspected(template, record)
    else:
        assert render.inspected(template, record) == output
