import pytest

from seacan.compose.dry_run import PretendingClient
from seacan.errors import NotFound, Unavailable, Unsupported


@pytest.fixture
def client() -> PretendingClient:
    """A client of no daemon: whatever is sent to one fails."""
    return PretendingClient("unix:///nosuch.sock", version="1.51")


def test_changes_need_no_daemon(client: PretendingClient) -> None:
    made = client.containers.create({"Image": "x", "Labels": {"a": "b"}}, name="one").id
    client.containers.start(made)
    client.containers.rename(made, "two")
    inspected = client.containers.inspect(made)
    assert inspected["State"]["Status"] == "running"
    client.networks.connect("n", made, {})
    client.files.write(made, "/", [b""], keeps_owners=False)
    with client.images.pull("x") as reply:
        assert list(reply.pieces()) == []


def test_what_is_made_is_found_until_it_goes(client: PretendingClient) -> None:
    client.networks.create({"Name": "n", "Labels": {"a": "b"}})
    client.volumes.create("v", labels={"a": "b"})
    assert client.networks.inspect("n")["Labels"] == {"a": "b"}
    assert client.volumes.inspect("v")["Name"] == "v"
    client.networks.remove("n")
    client.volumes.remove("v")
    with pytest.raises(NotFound):
        client.networks.inspect("n")
    with pytest.raises(NotFound):
        client.volumes.inspect("v")


def test_questions_are_asked(client: PretendingClient) -> None:
    with pytest.raises(Unavailable):
        client.networks.inspect("other")


def test_a_change_that_nobody_pretends_is_refused(client: PretendingClient) -> None:
    for change in (
        lambda: client.containers.prune(),
        lambda: client.containers.wait("x"),
        lambda: client.volumes.rename("v", "w"),
        lambda: client.images.tag("x", "y"),
        lambda: client.images.load([b""]),
    ):
        with pytest.raises(Unsupported, match="--dry-run: not supported"):
            change()
