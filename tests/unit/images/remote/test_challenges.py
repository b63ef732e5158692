import pytest

from seacan.images.remote.challenges import Challenge, parse


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", []),
        ('Basic realm="x"', [Challenge("basic", {"realm": "x"})]),
        (
            'Bearer realm="https://a/t?x=1,2",service="s",scope="repository:a/b:pull,push"',
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://a/t?x=1,2",
                        "service": "s",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        (
            'Negotiate, BASIC realm = x , Bearer realm="q\\"uote"',
            [
                Challenge("negotiate", {}),
                Challenge("basic", {"realm": "x"}),
                Challenge("bearer", {"realm": 'q"uote'}),
            ],
        ),
        ("Negotiate", [Challenge("negotiate", {})]),
        ('realm="without a scheme"', []),
        ("\x00\xff", []),
        ('Basic realm="never ends', [Challenge("basic", {})]),
    ],
)
def test_parse(header: str, found: list[Challenge]) -> None:
    assert parse(header) == found


def test_a_long_header_takes_no_long_time() -> None:
    assert parse("Basic " + "a=" * 1_000_000) is not None
    assert parse("," * 1_000_000) == []
    # It was looked at in all ways to divide the blanks in two: seconds, in which nobody was served.
    for _ in range(300):  # of minutes, the time limit of a test makes an end
        assert parse(f'Basic a=b{" " * 8000}"') == [Challenge("basic", {"a": "b"})]
