import pytest

from seacan.daemon import flags


def test_the_log_of_containers_that_ask_for_none() -> None:
    given = flags.parse(["--log-driver", "local", "--log-opt", "max-size=1m"])
    assert given.settings.log_config == {"Type": "local", "Config": {"max-size": "1m"}}
    assert flags.parse([]).settings.log_config == {"Type": "json-file", "Config": {}}


def test_how_much_containers_may_write_that_ask_for_no_size() -> None:
    assert flags.parse(["--storage-opt", "overlay2.size=10M"]).settings.storage_bytes == 10 << 20
    assert flags.parse([]).settings.storage_bytes == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--log-driver", "nonsense"], "error looking up logging plugin nonsense"),
        (["--log-opt", "nonsense=1"], "unknown log opt 'nonsense' for json-file log driver"),
        (["--log-opt", "nonsense"], "not NAME=VALUE"),
        (["--storage-opt", "size=1"], "overlay2: unknown option size"),
        (["--storage-opt", "overlay2.size=x"], "invalid size: 'x'"),
    ],
)
def test_what_is_wrong_is_a_usage_error(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        flags.parse(argv)
    assert end.value.code == 2
    assert message in capsys.readouterr().err
