from typing import Any

import pytest

from seacan.build import changes
from seacan.errors import InvalidArgument


@pytest.mark.parametrize(
    ("lines", "config"),
    [
        ([], {}),
        (["# comment", "", "cmd a"], {"Cmd": ["/bin/sh", "-c", "a"]}),
        (["CMD a  b"], {"Cmd": ["/bin/sh", "-c", "a  b"]}),
        (['CMD ["a", "b c"]'], {"Cmd": ["a", "b c"]}),
        (['CMD ["a"'], {"Cmd": ["/bin/sh", "-c", '["a"']}),
        (["CMD []"], {}),
        (['ENTRYPOINT ["/a"]', "CMD b"], {"Entrypoint": ["/a"], "Cmd": ["/bin/sh", "-c", "b"]}),
        (['ENV a=b c="d e" f=\'$g\''], {"Env": ["a=b", "c=d e", "f=$g"]}),
        (["ENV a some words"], {"Env": ["a=some words"]}),
        (["ENV a=1", "ENV b=$a-${a}-${c:-x}-${a:+y}-\\$a", "ENV a=2"],
         {"Env": ["a=2", "b=1-1-x-y-$a"]}),
        (['LABEL a=b "c d"=e'], {"Labels": {"a": "b", "c d": "e"}}),
        (["LABEL a=b", "LABEL c=d"], {"Labels": {"a": "b", "c": "d"}}),
        (["EXPOSE 80 53/udp 8000-8002"],
         {"ExposedPorts": {"80/tcp": {}, "53/udp": {},
                           "8000/tcp": {}, "8001/tcp": {}, "8002/tcp": {}}}),
        (["VOLUME /a /b"], {"Volumes": {"/a": {}, "/b": {}}}),
        (['VOLUME ["/a b"]'], {"Volumes": {"/a b": {}}}),
        (["USER 1000:1000"], {"User": "1000:1000"}),
        (["WORKDIR a", "WORKDIR b/../c", "WORKDIR d"], {"WorkingDir": "/a/c/d"}),
        (["WORKDIR /a", "WORKDIR /b c"], {"WorkingDir": "/b c"}),
        (["STOPSIGNAL SIGQUIT"], {"StopSignal": "SIGQUIT"}),
        (["STOPSIGNAL rtmin+3"], {"StopSignal": "rtmin+3"}),
        (["STOPSIGNAL 9"], {"StopSignal": "9"}),
        (["ONBUILD RUN a", "ONBUILD ENV a=b"], {"OnBuild": ["RUN a", "ENV a=b"]}),
        (["HEALTHCHECK NONE"], {"Healthcheck": {"Test": ["NONE"]}}),
        (["HEALTHCHECK --interval=1m1.5s --timeout=500ms --retries=3 CMD a b"],
         {"Healthcheck": {"Test": ["CMD-SHELL", "a b"], "Interval": 61_500_000_000,
                          "Timeout": 500_000_000, "Retries": 3}}),
        (['HEALTHCHECK CMD ["a"]'], {"Healthcheck": {"Test": ["CMD", "a"]}}),
        (["ENV a=b \\\n c=d"], {"Env": ["a=b", "c=d"]}),
    ],
)  # fmt: skip
def test_instructions(lines: list[str], config: dict[str, Any]) -> None:
    assert changes.apply(lines) == config


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("RUN x", "RUN is not a valid change command"),
        ("from x", "from is not a valid change command"),
        ("ENV a", "ENV must have two arguments"),
        ("LABEL", "LABEL requires at least one argument"),
        ("ENV a=b c", "Syntax error - can't find = in \"c\". Must be of the form: name=value"),
        ("ENV =b", "ENV names can not be blank"),
        ('ENV a="b', 'failed to process "\\"b": unexpected end of statement while looking for '
         "matching double-quote"),
        ("ENV a='b", "failed to process \"'b\": unexpected end of statement while looking for "
         "matching single-quote"),
        ("ENV a=${b", "failed to process \"${b\": syntax error: missing '}'"),
        ("CMD [1]", "when using JSON array syntax, arrays must be comprised of strings only"),
        ("FOO", "FOO is not a valid change command"),
        ("EXPOSE a", "Invalid containerPort: a"),
        ("EXPOSE 80-79", "Invalid containerPort: 80-79"),
        ("EXPOSE 65536", "Invalid containerPort: 65536"),
        ("EXPOSE 80/foo", "Invalid proto: foo"),
        ("EXPOSE", "EXPOSE requires at least one argument"),
        ("USER", "USER requires exactly one argument"),
        ("WORKDIR", "WORKDIR requires exactly one argument"),
        ("VOLUME", "VOLUME requires at least one argument"),
        ('VOLUME [""]', "VOLUME specified can not be an empty string"),
        ("STOPSIGNAL NOPE", "invalid signal: NOPE"),
        ("STOPSIGNAL 999", "invalid signal: 999"),
        ("ONBUILD", "ONBUILD requires at least one argument"),
        ("ONBUILD onbuild RUN a", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
        ("ONBUILD FROM a", "FROM isn't allowed as an ONBUILD trigger"),
        ("HEALTHCHECK", "HEALTHCHECK requires at least one argument"),
        ("HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"),
        ("HEALTHCHECK NONE a", "HEALTHCHECK NONE takes no arguments"),
        ("HEALTHCHECK a", 'Unknown type "A" in HEALTHCHECK (try CMD)'),
        ("HEALTHCHECK --interval=1 CMD a", 'time: missing unit in duration "1"'),
        ("HEALTHCHECK --interval=1us CMD a", 'Interval "interval" cannot be less than 1ms'),
        ("HEALTHCHECK --foo=1 CMD a", "unknown flag: --foo"),
        ("HEALTHCHECK --interval CMD a", "missing a value on flag: --interval"),
    ],
)  # fmt: skip
def test_what_is_refused(line: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        changes.apply([line])
    assert str(caught.value) == message
