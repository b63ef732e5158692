"""Manifests, tags, lists and referrers over HTTP."""

import json
import re

import pytest
from tests.registry.conftest import (
    INDEX_TYPE,
    MANIFEST_TYPE,
    Answer,
    Running,
    descriptor,
    manifest,
    sha256,
)

REPOSITORY = "team/app"
BAD_NAMES = ["..", "a/../b", "A/b", "a//b", "/a", "a/", ".a", "a" * 256, "a%00b", "a%0ab", "%2e%2e"]


def put(registry: Running, reference: str, data: bytes, media_type: str = MANIFEST_TYPE) -> Answer:
    path = f"/v2/{REPOSITORY}/manifests/{reference}"
    return registry.ask("PUT", path, data, {"Content-Type": media_type})


def test_by_tag_and_by_digest_it_is_what_was_pushed(registry: Running) -> None:
    data = json.dumps(registry.image(REPOSITORY, b"layer"), indent=3).encode()
    answer = put(registry, "v1", data)
    assert answer.status == 201
    assert answer.headers["docker-content-digest"] == sha256(data)
    assert answer.headers["location"] == f"/v2/{REPOSITORY}/manifests/{sha256(data)}"

    for reference in ("v1", sha256(data)):
        for method, body in (("GET", data), ("HEAD", b"")):
            answer = registry.ask(method, f"/v2/{REPOSITORY}/manifests/{reference}")
            assert (answer.status, answer.body) == (200, body)
            assert answer.headers["content-type"] == MANIFEST_TYPE
            assert answer.headers["docker-content-digest"] == sha256(data)
            assert answer.headers["content-length"] == str(len(data))


def test_a_tag_moves(registry: Running) -> None:
    first = registry.push_image(REPOSITORY, "latest", b"one")
    second = registry.push_image(REPOSITORY, "latest", b"two")

    answer = registry.ask("HEAD", f"/v2/{REPOSITORY}/manifests/latest")
    assert answer.headers["docker-content-digest"] == second
    assert registry.ask("HEAD", f"/v2/{REPOSITORY}/manifests/{first}").status == 200


def test_tags_beside_a_digest(registry: Running) -> None:
    data = json.dumps(registry.image(REPOSITORY, b"layer")).encode()

    answer = put(registry, f"{sha256(data)}?tag=1&tag=1.2", data)

    assert answer.headers["oci-tag"] == "1, 1.2"
    assert registry.ask("GET", f"/v2/{REPOSITORY}/manifests/1.2").body == data


def test_what_a_manifest_needs_has_to_be_there(registry: Running) -> None:
    registry.push_blob(REPOSITORY, b"{}")
    registry.push_blob("other", b"layer")

    answer = put(registry, "v1", json.dumps(manifest(b"layer")).encode())

    assert (answer.status, answer.code) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert answer.json["errors"][0]["detail"] == [sha256(b"layer")]
    assert registry.ask("GET", f"/v2/{REPOSITORY}/manifests/v1").code == "MANIFEST_UNKNOWN"


def test_manifests_of_an_index_have_to_be_there(registry: Running) -> None:
    registry.push_image(REPOSITORY, "v1", b"layer")
    child = descriptor(b"absent", MANIFEST_TYPE)
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [child]}

    answer = put(registry, "all", json.dumps(index).encode(), INDEX_TYPE)

    assert (answer.status, answer.code) == (404, "MANIFEST_BLOB_UNKNOWN")


def test_foreign_layers_need_not(registry: Running) -> None:
    registry.push_blob(REPOSITORY, b"{}")
    foreign = descriptor(b"far away", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")

    answer = put(registry, "v1", json.dumps(manifest(b"", layers=[foreign])).encode())

    assert answer.status == 201


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"", MANIFEST_TYPE),
        (b"not JSON", MANIFEST_TYPE),
        (b"[" * 100_000, MANIFEST_TYPE),
        (b"[]", MANIFEST_TYPE),
        (b'{"schemaVersion": 2}', MANIFEST_TYPE),
        (b'{"schemaVersion": 2}', INDEX_TYPE),
        (
            b'{"schemaVersion": 1, "name": "x"}',
            "application/vnd.docker.distribution.manifest.v1+json",
        ),
        (json.dumps(manifest(b"")).encode(), INDEX_TYPE),
        (json.dumps(manifest(b"", manifests=[])).encode(), MANIFEST_TYPE),
        (json.dumps({"mediaType": INDEX_TYPE, "manifests": [], "layers": []}).encode(), INDEX_TYPE),
        (b'{"mediaType": "\xff"}', MANIFEST_TYPE),
    ],
)
def test_what_is_no_manifest_is_refused(registry: Running, data: bytes, media_type: str) -> None:
    answer = put(registry, "v1", data, media_type)

    assert (answer.status, answer.code) == (400, "MANIFEST_INVALID")


def test_a_manifest_has_a_bound(registry: Running) -> None:
    registry.image(REPOSITORY, b"layer")
    fits = json.dumps(manifest(b"layer", annotations={"a": "x" * (4_000_000)})).encode()
    beyond = json.dumps(manifest(b"layer", annotations={"a": "x" * (4 << 20)})).encode()

    assert put(registry, "v1", fits).status == 201
    assert put(registry, "v2", beyond).status == 413


def test_a_manifest_of_another_digest_is_refused(registry: Running) -> None:
    data = json.dumps(registry.image(REPOSITORY, b"layer")).encode()

    answer = put(registry, sha256(b"other"), data)

    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("name", BAD_NAMES)
def test_what_is_no_name_is_refused(registry: Running, name: str) -> None:
    for method, rest in (
        ("GET", "manifests/x"),
        ("PUT", "manifests/x"),
        ("POST", "blobs/uploads/"),
        ("GET", "tags/list"),
        ("GET", f"blobs/{sha256(b'')}"),
    ):
        answer = registry.ask(method, f"/v2/{name}/{rest}")
        assert (answer.status, answer.code) == (400, "NAME_INVALID")


@pytest.mark.parametrize("tag", ["..", ".a", "-a", "a" * 129, "a%00"])
def test_what_is_no_tag_is_refused(registry: Running, tag: str) -> None:
    answer = put(registry, tag, b"{}")

    assert (answer.status, answer.code) == (400, "MANIFEST_INVALID")


def test_names_may_have_the_words_of_paths_in_them(registry: Running) -> None:
    for repository in ("blobs/uploads", "manifests/tags/list", "v2/blobs"):
        digest = registry.push_image(repository, "blobs", b"layer")
        answer = registry.ask("GET", f"/v2/{repository}/manifests/blobs")
        assert answer.headers["docker-content-digest"] == digest


def test_unknown_repository_and_unknown_manifest(registry: Running) -> None:
    registry.push_image(REPOSITORY, "v1", b"layer")

    assert registry.ask("GET", "/v2/nobody/manifests/v1").code == "NAME_UNKNOWN"
    assert registry.ask("GET", "/v2/nobody/tags/list").code == "NAME_UNKNOWN"
    assert registry.ask("GET", f"/v2/{REPOSITORY}/manifests/v2").code == "MANIFEST_UNKNOWN"
    assert registry.ask("DELETE", f"/v2/{REPOSITORY}/manifests/v2").code == "MANIFEST_UNKNOWN"


def test_deleting_a_tag_leaves_its_manifest(registry: Running) -> None:
    digest = registry.push_image(REPOSITORY, "v1", b"layer")

    assert registry.ask("DELETE", f"/v2/{REPOSITORY}/manifests/v1").status == 202
    assert registry.ask("GET", f"/v2/{REPOSITORY}/manifests/v1").status == 404
    assert registry.ask("GET", f"/v2/{REPOSITORY}/manifests/{digest}").status == 200


def test_deleting_a_manifest_takes_its_tags_along(registry: Running) -> None:
    digest = registry.push_image(REPOSITORY, "v1", b"layer")
    registry.push_image(REPOSITORY, "v2", b"layer")

    assert registry.ask("DELETE", f"/v2/{REPOSITORY}/manifests/{digest}").status == 202
    for reference in ("v1", "v2", digest):
        assert registry.ask("GET", f"/v2/{REPOSITORY}/manifests/{reference}").status == 404
    assert registry.ask("GET", f"/v2/{REPOSITORY}/tags/list").json["tags"] == []


def follow(registry: Running, path: str, key: str) -> list[list[str]]:
    """Return what each page has, along the Link headers."""
    pages = []
    while path:
        answer = registry.ask("GET", path)
        assert answer.status == 200
        pages.append(answer.json[key])
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        path = link[1] if link else ""
    return pages


def test_tags_page_by_page(registry: Running) -> None:
    tags = ["0", "A", "Z", "_", "a", "b", "z"]
    for tag in reversed(tags):
        registry.push_image(REPOSITORY, tag, b"layer")
    path = f"/v2/{REPOSITORY}/tags/list"

    assert registry.ask("GET", path).json == {"name": REPOSITORY, "tags": tags}
    assert follow(registry, f"{path}?n=3", "tags") == [tags[:3], tags[3:6], tags[6:]]
    assert follow(registry, f"{path}?n=7", "tags") == [tags]
    assert follow(registry, f"{path}?n=0", "tags") == [[]]
    assert follow(registry, f"{path}?last=Z", "tags") == [tags[3:]]
    assert registry.ask("GET", f"{path}?n=-1").status == 400


def test_the_catalog_page_by_page(registry: Running) -> None:
    names = ["a", "a/b", "b", "c/d/e"]
    for name in names:
        registry.push_image(name, "v1", b"layer")
    registry.push_blob("only/a/blob", b"layer")

    assert follow(registry, "/v2/_catalog", "repositories") == [names]
    assert follow(registry, "/v2/_catalog?n=3", "repositories") == [names[:3], names[3:]]


def test_referrers(registry: Running) -> None:
    image = json.dumps(registry.image(REPOSITORY, b"layer")).encode()
    subject = descriptor(image, MANIFEST_TYPE)
    # Before what they refer to, as the specification has it.
    plain = registry.push_image(REPOSITORY, "p", b"one", subject=subject)
    typed = manifest(b"one", subject=subject, artifactType="test/sbom", annotations={"k": "v"})
    answer = put(registry, "t", json.dumps(typed).encode())
    assert answer.headers["oci-subject"] == subject["digest"]
    put(registry, "image", image)

    path = f"/v2/{REPOSITORY}/referrers/{subject['digest']}"
    found = registry.ask("GET", path)
    assert found.headers["content-type"] == INDEX_TYPE
    by_type = {d["artifactType"]: d for d in found.json["manifests"]}
    assert by_type["application/vnd.oci.image.config.v1+json"]["digest"] == plain
    assert by_type["test/sbom"]["annotations"] == {"k": "v"}

    filtered = registry.ask("GET", f"{path}?artifactType=test/sbom")
    assert filtered.headers["oci-filters-applied"] == "artifactType"
    assert filtered.json["manifests"] == [by_type["test/sbom"]]


def test_referrers_of_what_nobody_knows(registry: Running) -> None:
    answer = registry.ask("GET", f"/v2/nobody/referrers/{sha256(b'x')}")

    assert (answer.status, answer.json["manifests"]) == (200, [])
    assert registry.ask("GET", "/v2/nobody/referrers/latest").code == "DIGEST_INVALID"


def test_referrers_beyond_one_index_come_in_pages(registry: Running) -> None:
    subject = descriptor(b"subject", MANIFEST_TYPE)
    pushed = {
        registry.push_image(
            REPOSITORY, f"r{n}", b"one", subject=subject, annotations={"a": str(n) * 1_500_000}
        )
        for n in range(4)
    }

    path = f"/v2/{REPOSITORY}/referrers/{subject['digest']}"
    pages = follow(
        registry, f"{path}?artifactType=application/vnd.oci.image.config.v1%2Bjson", "manifests"
    )

    assert len(pages) > 1
    assert sorted(d["digest"] for page in pages for d in page) == sorted(pushed)  # type: ignore[index]


def test_methods_that_a_path_does_not_have(registry: Running) -> None:
    answer = registry.ask("POST", f"/v2/{REPOSITORY}/manifests/v1", b"{}")

    assert (answer.status, answer.code) == (405, "UNSUPPORTED")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PUT"


@pytest.mark.parametrize("path", ["/", "/v1/search", "/v2/x", "/v2/a/b/c", "/v3/"])
def test_paths_that_are_none(registry: Running, path: str) -> None:
    assert registry.ask("GET", path).status == 404


def test_base(registry: Running) -> None:
    answer = registry.ask("GET", "/v2/")

    assert (answer.status, answer.body) == (200, b"{}")
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"


def test_an_answer_that_is_known_is_not_sent_again(registry: Running) -> None:
    digest = registry.push_image(REPOSITORY, "v1", b"layer")
    known = {"If-None-Match": f'"{digest}"'}

    answer = registry.ask("GET", f"/v2/{REPOSITORY}/manifests/v1", headers=known)

    assert (answer.status, answer.body) == (304, b"")
