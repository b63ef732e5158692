"""Cases and answers are those of the docker CLI's own context, but for exceptions below `**`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seacan.errors import InvalidArgument
from seacan.spec import dockerignore

FILES = (
    "a", "b.md", "foo", "barfoo", "x.go", "dir/a", "dir/b.md", "dir/sub/a", "dir/sub/x.go",
    "dir/sub/deep/x.go", "docs/README.md", "docs/a.txt", "node_modules/p/i.js",
    "src/node_modules/i.js", "src/m.pyc", "src/m.py", ".env", "test/.env", "a b", "[x]",
    "README.md",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "excluded"),
    [
        ("", ""),
        ("a", "a"),
        ("/a/", "a"),
        ("./a", "a"),
        ("  a  \n#foo\n # x", "a"),
        ("*/a", "dir/a"),
        ("**/a", "a dir/a dir/sub/a"),
        ("dir", "dir/a dir/b.md dir/sub/a dir/sub/x.go dir/sub/deep/x.go"),
        ("dir/*", "dir/a dir/b.md dir/sub/a dir/sub/x.go dir/sub/deep/x.go"),
        ("dir/**/x.go", "dir/sub/x.go dir/sub/deep/x.go"),
        ("dir/**", "dir/a dir/b.md dir/sub/a dir/sub/x.go dir/sub/deep/x.go"),
        ("**/sub/**", "dir/sub/a dir/sub/x.go dir/sub/deep/x.go"),
        ("d*r/*/*.go", "dir/sub/x.go"),
        ("*.md", "b.md README.md"),
        ("**/*.md", "b.md dir/b.md docs/README.md README.md"),
        ("**.pyc", "src/m.pyc"),
        ("**foo", "foo barfoo"),
        ("**/foo", "foo"),
        ("foo*", "foo"),
        ("?", "a"),
        ("a\\ b", "a\x00b"),
        ("\\[x\\]", "[x]"),
        ("[a-c]", "a"),
        ("**/node_modules", "node_modules/p/i.js src/node_modules/i.js"),
        ("node_modules", "node_modules/p/i.js"),
        ("dir\n!dir/a", "dir/b.md dir/sub/a dir/sub/x.go dir/sub/deep/x.go"),
        ("dir\n!dir/sub", "dir/a dir/b.md"),
        ("*.md\n!README*.md\nb.md", "b.md"),
        ("docs\n!**/README.md", "docs/a.txt"),
        ("!a", ""),
        ("!dir\ndir/a", "dir/a"),
        ("../a", ""),
    ],
)
def test_excluded(text: str, excluded: str) -> None:
    ignored = dockerignore.parse(text.encode())
    expected = {path.replace("\0", " ") for path in excluded.split()}
    assert {path for path in FILES if ignored.is_excluded(path)} == expected


def test_everything_but() -> None:
    ignored = dockerignore.parse(b"*\n!src\n**/*.pyc")
    assert {path for path in FILES if not ignored.is_excluded(path)} == {
        "src/m.py",
        "src/node_modules/i.js",
    }


@pytest.mark.parametrize("text", ["!", "[", "a[", "[]", "[b-a]", "x\\", "[a-]"])
def test_no_pattern(text: str) -> None:
    with pytest.raises(InvalidArgument):
        dockerignore.parse(text.encode())


def test_a_directory_may_have_exceptions() -> None:
    ignored = dockerignore.parse(b"*\n!docs/api/*.md\n!src/main")
    found = {
        name
        for name in ("docs", "docs/api", "docs/api/v1", "src", "lib", "srcs")
        if ignored.may_have_exceptions(name)
    }
    assert found == {"docs", "docs/api", "docs/api/v1", "src"}


@given(
    st.lists(st.sampled_from(["*", "**", "/", "a", "b", "?", "[ab]", "!", "\\*", "."]), max_size=7),
    st.sampled_from(["a", "ab", "a/b", "b/a/b", "a/a/a", ".a", "a*", "aab/bba"]),
)
def test_walking_down_says_the_same(parts: list[str], path: str) -> None:
    try:
        ignored = dockerignore.parse("".join(parts).encode())
    except InvalidArgument:
        return
    verdict = None
    names = path.split("/")
    for count in range(1, len(names) + 1):
        verdict = ignored.judge("/".join(names[:count]), verdict)
    assert verdict is not None
    assert verdict.is_excluded == ignored.is_excluded(path)


def test_many_stars_take_no_time() -> None:
    ignored = dockerignore.parse(("*a" * 40 + "\n" + "**/a/" * 30 + "b").encode())
    assert not ignored.is_excluded("a" * 3000 + "b")
    assert not ignored.is_excluded("a/" * 1000 + "c")


@pytest.mark.parametrize("pattern", ["**?**?**c", "a**?**?**c", "**a**?**b/**", "**a**?**b/**c"])
def test_what_would_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidArgument, match="too many"):
        dockerignore.parse(pattern.encode())


@pytest.mark.parametrize(
    "pattern", ["**?**c", "**?/**?/**?**?c", "**/a/**/b/**/c/**/*.d", "a**b**"]
)
def test_what_takes_no_time_is_taken(pattern: str) -> None:
    assert not dockerignore.parse(pattern.encode()).is_excluded("a/" * 100 + "x")
