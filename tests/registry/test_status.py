"""Health and metrics."""

import urllib.request
from pathlib import Path

from tests.registry.conftest import Running, sha256
from tests.registry.process import running_process


def samples(text: bytes) -> dict[str, float]:
    lines = [line for line in text.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_metrics_count(registry: Running) -> None:
    registry.push_image("team/app", "v1", b"layer")
    registry.ask("POST", "/v2/team/app/blobs/uploads/")
    for _ in range(2):
        registry.ask("GET", f"/v2/team/app/blobs/{sha256(b'none')}")
    registry.ask("BREW", "/v2/")

    answer = registry.ask("GET", "/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(answer.body)
    requests = "seacan_registry_requests_total"
    assert found[f'{requests}{{resource="blob",method="GET",status="404"}}'] == 2
    assert found[f'{requests}{{resource="manifest",method="PUT",status="201"}}'] == 1
    assert found[f'{requests}{{resource="base",method="other",status="405"}}'] == 1
    assert found["seacan_registry_received_bytes_total"] == len(b"{}" + b"layer")
    assert found["seacan_registry_uploads"] == 1
    assert b"team" not in answer.body


def test_health(registry: Running) -> None:
    answer = registry.ask("GET", "/health")

    assert (answer.status, answer.body) == (200, b"ok\n")


def test_a_store_that_is_gone_is_not_healthy(registry: Running, tmp_path: Path) -> None:
    (tmp_path / "registry" / "ingest").rmdir()

    assert registry.ask("GET", "/health").status == 503


def test_metrics_at_an_address_of_their_own(tmp_path: Path) -> None:
    with running_process(tmp_path, "--metrics-addr", "127.0.0.1:0") as process:
        port = process.wait_for_log(r"metrics=127\.0\.0\.1:(\d+)")[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as reply:
            assert "seacan_registry_uploads" in str(samples(reply.read()))
