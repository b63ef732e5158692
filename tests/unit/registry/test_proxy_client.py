from seacan.registry.proxy import client


def test_the_next_page_is_found_in_a_link_at_once() -> None:
    """Of a hostile registry's header of 64 KiB it took a minute, in which nobody was served."""
    assert client._LINK.search("<" * 100_000) is None
    found = client._LINK.search('</v2/a/referrers/sha256:0?n=2&last=x>; rel="next"')
    assert found is not None
    assert found[1] == "?n=2&last=x"
