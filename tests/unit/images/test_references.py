import pytest

from seacan.errors import InvalidArgument
from seacan.images import references

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "whole", "familiar"),
    [
        ("busybox", "docker.io/library/busybox", "busybox"),
        ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
        ("library/busybox", "docker.io/library/busybox", "busybox"),
        ("docker.io/busybox", "docker.io/library/busybox", "busybox"),
        ("index.docker.io/library/busybox", "docker.io/library/busybox", "busybox"),
        ("me/app:v1", "docker.io/me/app:v1", "me/app:v1"),
        ("library/a/b", "docker.io/library/a/b", "library/a/b"),
        ("quay.io/a/b:c", "quay.io/a/b:c", "quay.io/a/b:c"),
        ("localhost/a", "localhost/a", "localhost/a"),
        ("localhost:5000/a", "localhost:5000/a", "localhost:5000/a"),
        ("host:5000/a:b", "host:5000/a:b", "host:5000/a:b"),
        ("[::1]:5000/a", "[::1]:5000/a", "[::1]:5000/a"),
        ("UP.com/x", "UP.com/x", "UP.com/x"),
        ("HOST/x", "HOST/x", "HOST/x"),
        ("a__b/c--d.e_f", "docker.io/a__b/c--d.e_f", "a__b/c--d.e_f"),
        (f"a@{DIGEST}", f"docker.io/library/a@{DIGEST}", f"a@{DIGEST}"),
        (f"a:b@{DIGEST}", f"docker.io/library/a:b@{DIGEST}", f"a:b@{DIGEST}"),
        ("sha256:zz", "docker.io/library/sha256:zz", "sha256:zz"),
        ("x:" + "t" * 128, "docker.io/library/x:" + "t" * 128, "x:" + "t" * 128),
    ],
)
def test_parse(text: str, whole: str, familiar: str) -> None:
    reference = references.parse(text)
    assert str(reference) == whole
    assert reference.familiar == familiar
    assert references.parse(whole) == reference
    assert references.parse(familiar) == reference


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid reference format"),
        ("-x", "invalid reference format"),
        ("x/", "invalid reference format"),
        ("a//b", "invalid reference format"),
        ("a:b:c", "invalid reference format"),
        ("x:", "invalid reference format"),
        ("x:" + "t" * 129, "invalid reference format"),
        ("x@sha256:12", "invalid reference format"),
        ("x@", "invalid reference format"),
        (f"x@{DIGEST.upper()}", "invalid reference format"),
        ("a b", "invalid reference format"),
        ("a\n", "invalid reference format"),
        ("../../etc/passwd", "invalid reference format"),
        ("a/../b", "invalid reference format"),
        ("x:é", "invalid reference format"),
        ("é", "invalid reference format"),
        ("Foo", "invalid reference format: repository name (library/Foo) must be lowercase"),
        ("localhost/Foo", "invalid reference format: repository name (Foo) must be lowercase"),
        ("a" * 256, "repository name must not be more than 255 characters"),
        (
            "0" * 64,
            f"invalid repository name ({'0' * 64}), cannot specify 64-byte hexadecimal strings",
        ),
    ],
)
def test_what_is_no_reference_is_refused_in_dockers_words(text: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        references.parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("repository", "tag", "result"),
    [
        ("x", "", "x:latest"),
        ("x", "y", "x:y"),
        ("x:z", "", "x:z"),
        ("x:z", "y", "x:y"),
        ("host:5000/x", "", "host:5000/x:latest"),
    ],
)
def test_parse_tagged(repository: str, tag: str, result: str) -> None:
    assert references.parse_tagged(repository, tag).familiar == result


@pytest.mark.parametrize(
    ("repository", "tag", "message"),
    [
        ("x", "b@", "invalid tag format"),
        ("x", "-b", "invalid tag format"),
        ("sha256", "", "refusing to create an ambiguous tag using digest algorithm as name"),
        (f"x@{DIGEST}", "", "refusing to create a tag with a digest reference"),
    ],
)
def test_what_is_no_tag_is_refused(repository: str, tag: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        references.parse_tagged(repository, tag)
    assert str(caught.value) == message


def test_the_default_tag_is_for_names_without_tag_or_digest() -> None:
    assert references.parse("x").with_default_tag().familiar == "x:latest"
    assert references.parse("x:y").with_default_tag().familiar == "x:y"
    assert references.parse(f"x@{DIGEST}").with_default_tag().familiar == f"x@{DIGEST}"


def test_a_name_far_too_long_is_not_looked_at() -> None:
    # A pattern needs memory for each part: 4 MiB of `a/` took 800.
    with pytest.raises(InvalidArgument, match="must not be more than 255 characters"):
        references.parse("-/" * 2049)
