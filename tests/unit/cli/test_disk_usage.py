"""What `system df` makes of an answer; images and containers are compared with docker's output."""

from seacan.cli.output import disk_usage
from seacan.cli.output.pruned import removed_lines

VOLUMES = [
    {"Name": "used", "UsageData": {"RefCount": 2, "Size": 1000}},
    {"Name": "free", "UsageData": {"RefCount": 0, "Size": 3000}},
    {"Name": "not-measured", "UsageData": {"RefCount": -1, "Size": -1}},
]
CACHE = [
    {"InUse": True, "Shared": False, "Size": 500},
    {"InUse": False, "Shared": False, "Size": 1500},
    {"InUse": False, "Shared": True, "Size": 9000},
]


def test_volumes_and_build_cache_in_the_summary() -> None:
    rows = disk_usage.summary({"Volumes": VOLUMES, "BuildCache": CACHE})
    assert [tuple(row.values()) for row in rows] == [
        ("Images", "0", "0", "0B", "0B"),
        ("Containers", "0", "0", "0B", "0B"),
        ("Local Volumes", "3", "1", "4kB", "3kB (75%)"),
        ("Build Cache", "3", "1", "2kB", "1.5kB"),
    ]


def test_a_running_container_is_not_to_be_reclaimed() -> None:
    containers = [{"State": "paused", "SizeRw": 100}, {"State": "exited", "SizeRw": 300}]
    row = disk_usage.summary({"Containers": containers})[1]
    assert tuple(row.values()) == ("Containers", "2", "1", "400B", "300B (75%)")


def test_what_a_used_image_shares_is_counted_as_free_by_docker() -> None:
    images = [
        {"Containers": 1, "Size": 700, "SharedSize": 500},
        {"Containers": 0, "Size": 600, "SharedSize": 500},
    ]
    row = disk_usage.summary({"Images": images, "LayersSize": 800})[0]
    assert tuple(row.values()) == ("Images", "2", "1", "800B", "600B (75%)")


def test_volumes_in_detail() -> None:
    found = disk_usage.details({"Volumes": VOLUMES}, 70.0, whole=False)
    volumes = [(row["Name"], row["Links"], row["Size"]) for row in found["Volumes"]]
    assert volumes == [("used", "2", "1kB"), ("free", "0", "3kB"), ("not-measured", "N/A", "N/A")]


def test_what_a_prune_removed() -> None:
    assert removed_lines({"VolumesDeleted": ["v1"], "ImagesDeleted": [{"Untagged": "a:1"}]}) == [
        *("Deleted Volumes:", "v1", ""),
        *("Deleted Images:", "untagged: a:1", ""),
    ]
    assert removed_lines({"ContainersDeleted": None}) == []
