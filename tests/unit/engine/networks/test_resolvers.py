import pytest
from tests.fakes.containers import make_container

from seacan.engine.networks import resolvers
from seacan.network.dns.messages import AAAA, PTR, A, Question


@pytest.mark.parametrize(
    ("options", "name", "kind", "expected"),
    [
        (["ndots:1"], "www", A, True),
        (["ndots:15"], "www", AAAA, True),
        (["edns0", "ndots:1"], "www", PTR, False),
        (["ndots:1"], "www.example", A, False),
        (["ndots:0"], "www", A, False),
        (["ndots:"], "www", A, False),
        (["ndots:x"], "www", A, False),
        (["ndots:" + 5000 * "9"], "www", A, True),
        ([], "www", A, False),
    ],
)
def test_names_that_wait_for_a_domain(
    options: list[str], name: str, kind: int, *, expected: bool
) -> None:
    record = make_container()
    record.host_config["DnsOptions"] = options
    question = Question(name, kind, b"")
    assert bool(resolvers._waits_for_a_search(record, question)) is expected
