import base64
import json

import pytest

from seacan.errors import InvalidArgument
from seacan.images.remote.credentials import NOBODY, Credentials, decode


def header(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode()


def test_decode() -> None:
    given = {"username": "bob", "password": "p?>~", "serveraddress": "h:5", "email": None}
    wanted = Credentials("bob", "p?>~", server="h:5")
    assert decode(header(given)) == wanted
    assert decode(header(given).rstrip("=")) == wanted
    assert decode(header({"identitytoken": "t"})) == Credentials(identity_token="t")
    assert decode(header({})) == NOBODY
    assert decode("") == NOBODY


@pytest.mark.parametrize("text", ["!", "e30x", header([1]), header({"username": 1}), "x" * 100_000])
def test_what_is_malformed(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid X-Registry-Auth header"):
        decode(text)


def test_secrets_do_not_show() -> None:
    text = repr(Credentials("bob", "secret", "token1", "token2"))
    assert "bob" in text
    assert not any(secret in text for secret in ("secret", "token1", "token2"))
