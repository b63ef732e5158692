"""Prometheus' text format, as Prometheus' own client reads it."""

from prometheus_client.parser import text_string_to_metric_families

from seacan import metrics
from seacan.metrics import Counter, Gauge, Timer


def test_what_its_own_client_reads() -> None:
    counter = Counter("things_total", "Things.", metrics.labels({"of": "known"}))
    counter.add(3, metrics.labels({"of": 'a "quoted" \\ one\n', "b": "c"}))
    counter.add(among=metrics.labels({"of": "known"}))
    gauge = Gauge("size_bytes", "Its size.", {"": 12345678901})
    families = [*text_string_to_metric_families(metrics.text([counter, gauge]).decode())]
    assert [(f.name, f.type, f.documentation) for f in families] == [
        ("things", "counter", "Things."),
        ("size_bytes", "gauge", "Its size."),
    ]
    found = {tuple(sample.labels.items()): sample.value for f in families for sample in f.samples}
    assert found == {
        (("of", 'a "quoted" \\ one\n'), ("b", "c")): 3,
        (("of", "known"),): 1,
        (): 12345678901,
    }


def test_a_timer_is_a_histogram() -> None:
    timer = Timer("work_seconds", "Work.", "kind", "idle")
    for duration_s in (0.001, 0.005, 0.3, 99):
        timer.took("hard", duration_s)
    (family,) = text_string_to_metric_families(metrics.text([timer]).decode())
    assert family.type == "histogram"
    hard = [s for s in family.samples if s.labels["kind"] == "hard"]
    buckets = {s.labels["le"]: s.value for s in hard if s.name == "work_seconds_bucket"}
    assert (buckets["0.005"], buckets["0.25"], buckets["0.5"], buckets["10.0"]) == (2, 2, 3, 3)
    assert buckets["+Inf"] == 4
    totals = {s.name: s.value for s in hard if s.name != "work_seconds_bucket"}
    assert totals == {"work_seconds_count": 4, "work_seconds_sum": 99.306}
    assert [s.value for s in family.samples if s.labels["kind"] == "idle"] == [0] * 14


def test_what_fails_is_not_timed() -> None:
    timer = Timer("work_seconds", "Work.", "kind")
    try:
        with timer.timed("hard"):
            raise ValueError
    except ValueError:
        pass
    with timer.timed("easy"):
        pass
    assert 'kind="easy"' in metrics.text([timer]).decode()
    assert 'kind="hard"' not in metrics.text([timer]).decode()
