"""Lists of tags, page by page, of a registry that need not mean well."""

import io
from typing import cast

import pytest
from urllib3 import BaseHTTPResponse, HTTPResponse

from seacan.errors import Unsupported
from seacan.images.remote.repository import Repository
from seacan.images.remote.session import Session

MORE = {"Link": '</v2/a/tags/list?last=x>; rel="next"'}
REGISTRY = "http://registry.example/v2/"


class Pages:
    """A registry that gives these bodies, each with a link to more, the last one without end."""

    def __init__(self, *bodies: bytes, has_end: bool = False) -> None:
        self.bodies = bodies
        self.has_end = has_end
        self.asked: list[str] = []

    def request(self, _method: str, path: str) -> BaseHTTPResponse:
        body = self.bodies[min(len(self.asked), len(self.bodies) - 1)]
        self.asked.append(path)
        is_last = self.has_end and len(self.asked) == len(self.bodies)
        headers = {} if is_last else MORE
        response = HTTPResponse(io.BytesIO(body), headers=headers, preload_content=False)
        response.url = f"{REGISTRY}a/tags/list"
        return response

    def tags(self) -> list[str]:
        return Repository(cast(Session, self), "a", 0.0).tags()


def test_tags_of_some_pages() -> None:
    pages = Pages(b'{"tags":["a","b"]}', b'{"tags":["c"]}', has_end=True)

    assert pages.tags() == ["a", "b", "c"]
    assert pages.asked == ["a/tags/list", f"{REGISTRY}a/tags/list?last=x"]


@pytest.mark.parametrize("empty", [b'{"tags":[]}', b'{"tags":null}', b"{}"])
def test_an_empty_page_is_the_last_whatever_it_links_to(empty: bytes) -> None:
    assert Pages(b'{"tags":["a"]}', empty).tags() == ["a"]


def test_pages_without_end() -> None:
    pages = Pages(b'{"tags":["a"]}')

    with pytest.raises(Unsupported, match="more than 2000 pages"):
        pages.tags()
    assert len(pages.asked) == 2000


def test_pages_that_are_long_only_together() -> None:
    pages = Pages(b'{"tags":["' + b"a" * (3 << 20) + b'"]}')

    with pytest.raises(Exception, match="read tags: longer than"):
        pages.tags()
    assert len(pages.asked) == 6
