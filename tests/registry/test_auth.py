"""Who is asked, who may do what: by password, by tokens of our own, by tokens of another."""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bcrypt
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from tests.registry.conftest import Answer, RegistryWith, Running, sha256
from tests.registry.test_tls import make_certificate

from seacan.registry.settings import Passwords, Tokens

DATA = b"layer"
BLOB = f"/v2/team/app/blobs/{sha256(DATA)}"
UPLOADS = f"/v2/team/app/blobs/uploads/?digest={sha256(DATA)}"


def basic(user: str, password: str) -> dict[str, str]:
    text = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def htpasswd(tmp_path: Path) -> Path:
    path = tmp_path / "htpasswd"
    path.write_bytes(
        b"".join(
            b"%s:%s\n" % (user, bcrypt.hashpw(user * 2, bcrypt.gensalt(4)))
            for user in (b"writer", b"reader")
        )
    )
    return path


RULES = ("writer:*:team/*", "reader:pull:*")
WRITER = basic("writer", "writerwriter")
READER = basic("reader", "readerreader")


@pytest.fixture
def with_passwords(registry_with: RegistryWith, htpasswd: Path) -> Iterator[Running]:
    with registry_with(auth=Passwords(htpasswd, RULES)) as registry:
        yield registry


def test_everything_asks_for_a_password(with_passwords: Running) -> None:
    for method, path in (
        ("GET", "/v2/"),
        ("GET", "/v2/_catalog"),
        ("GET", BLOB),
        ("HEAD", BLOB),
        ("POST", UPLOADS),
        ("PUT", "/v2/team/app/manifests/v1"),
        ("DELETE", BLOB),
        ("GET", "/v2/team/app/tags/list"),
        ("GET", f"/v2/team/app/referrers/{sha256(DATA)}"),
        ("PATCH", "/v2/team/app/blobs/uploads/x"),
    ):
        answer = with_passwords.ask(method, path, b"")
        assert answer.status == 401, path
        assert answer.headers["www-authenticate"].startswith('Basic realm="')
    assert with_passwords.ask("GET", "/metrics").status == 404
    assert with_passwords.ask("GET", "/health").status == 200


@pytest.mark.parametrize(
    "header",
    [
        basic("writer", "wrong")["Authorization"],
        basic("nobody", "writerwriter")["Authorization"],
        basic("", "")["Authorization"],
        "Basic",
        "Basic ?",
        "Basic /w==",
        "Bearer x",
        "",
    ],
)
def test_what_is_no_password(with_passwords: Running, header: str) -> None:
    answer = with_passwords.ask("GET", "/v2/", headers={"Authorization": header})

    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


def test_rules(with_passwords: Running) -> None:
    def status(method: str, path: str, who: dict[str, str]) -> int:
        return with_passwords.ask(method, path, DATA if method == "POST" else None, who).status

    assert status("GET", "/v2/", READER) == 200
    assert status("POST", UPLOADS, READER) == 403
    assert status("POST", UPLOADS.replace("team/app", "other"), WRITER) == 403
    assert status("POST", UPLOADS, WRITER) == 201
    assert status("GET", BLOB, READER) == 200
    assert status("DELETE", BLOB, READER) == 403
    assert status("DELETE", BLOB, WRITER) == 202


def test_a_blob_is_mounted_only_by_who_may_pull_it(
    registry_with: RegistryWith, htpasswd: Path
) -> None:
    rules = ("writer:*:a", "writer:push:b", "reader:*:b")
    with registry_with(auth=Passwords(htpasswd, rules)) as registry:
        registry.ask("POST", UPLOADS.replace("team/app", "a"), DATA, WRITER)
        for source in ("&from=a", ""):
            path = f"/v2/b/blobs/uploads/?mount={sha256(DATA)}{source}"
            assert registry.ask("POST", path, headers=READER).status == 202
        assert registry.ask("GET", f"/v2/b/blobs/{sha256(DATA)}", headers=READER).status == 404
        assert registry.ask("POST", path, headers=WRITER).status == 201


def test_the_catalog_shows_what_one_may_pull(registry_with: RegistryWith, htpasswd: Path) -> None:
    with registry_with() as registry:
        for name in ("team/app", "secret"):
            registry.push_image(name, "v1", DATA)
    with registry_with(auth=Passwords(htpasswd, RULES)) as registry:
        for who, names in ((WRITER, ["team/app"]), (READER, ["secret", "team/app"])):
            answer = registry.ask("GET", "/v2/_catalog", headers=who)
            assert answer.json["repositories"] == names


def realm_of(answer: Answer) -> str:
    assert answer.status == 401
    found = re.match('Bearer realm="([^"]+)"', answer.headers["www-authenticate"])
    assert found
    return found[1]


def test_who_has_no_password_gets_a_token(registry_with: RegistryWith, htpasswd: Path) -> None:
    rules = (*RULES, "anonymous:pull:team/*")
    with registry_with(auth=Passwords(htpasswd, rules)) as registry:
        challenge = registry.ask("POST", UPLOADS, DATA)
        assert 'scope="repository:team/app:push,pull"' in challenge.headers["www-authenticate"]
        assert realm_of(challenge) == f"http://127.0.0.1:{registry.port}/token"
        assert realm_of(registry.ask("GET", "/v2/")) == realm_of(challenge)

        def token(headers: dict[str, str]) -> dict[str, str]:
            answer = registry.ask("GET", "/token?service=x&scope=repository:a:pull", None, headers)
            return bearer(answer.json["token"])

        writer, nobody = token(WRITER), token({})
        assert registry.ask("POST", UPLOADS, DATA, nobody).status == 401
        assert registry.ask("POST", UPLOADS, DATA, writer).status == 201
        assert registry.ask("GET", BLOB, headers=nobody).body == DATA
        assert registry.ask("GET", "/v2/other/tags/list", headers=nobody).status == 401
        assert registry.ask("GET", "/v2/", headers=writer).status == 200
        assert registry.ask("GET", "/v2/_catalog", headers=nobody).status == 401
        assert registry.ask("GET", "/token", headers=basic("writer", "x")).status == 401
        assert registry.ask("POST", "/token").status == 405
        # By password as well, as curl does it.
        assert registry.ask("GET", BLOB, headers=READER).status == 200


class Signer:
    """Whoever signs tokens elsewhere."""

    def __init__(self, key: Any, algorithm: str) -> None:
        self._key = key
        self._algorithm = algorithm

    def public(self) -> bytes:
        data: bytes = self._key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        return data

    def token(self, *access: dict[str, object], **claims: object) -> str:
        now = time.time()
        plain = {"iss": "them", "aud": "us", "iat": now, "exp": now + 300, "access": access}
        return jwt.encode({**plain, **claims}, self._key, self._algorithm)


RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SIGNERS = {
    "RS256": Signer(RSA_KEY, "RS256"),
    "PS256": Signer(RSA_KEY, "PS256"),
    "ES256": Signer(ec.generate_private_key(ec.SECP256R1()), "ES256"),
    "EdDSA": Signer(ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
}
ALL: dict[str, object] = {
    "type": "repository",
    "name": "team/app",
    "actions": ["pull", "push", "delete"],
}


@pytest.fixture
def with_tokens(registry_with: RegistryWith, tmp_path: Path) -> Iterator[Running]:
    path = tmp_path / "keys.pem"
    path.write_bytes(b"".join(signer.public() for signer in SIGNERS.values()))
    auth = Tokens("https://auth.example/token", "us", "them", path)
    with registry_with(auth=auth) as registry:
        yield registry


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_a_token_says_what_its_bearer_may(with_tokens: Running, algorithm: str) -> None:
    signer = SIGNERS[algorithm]
    pull = bearer(signer.token({**ALL, "actions": ["pull"]}))
    everything = bearer(signer.token(ALL))

    assert with_tokens.ask("POST", UPLOADS, DATA, everything).status == 201
    assert with_tokens.ask("GET", BLOB, headers=pull).body == DATA
    refused = with_tokens.ask("DELETE", BLOB, headers=pull)
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert 'scope="repository:team/app:delete,pull"' in refused.headers["www-authenticate"]
    assert with_tokens.ask("GET", BLOB.replace("team", "other"), headers=everything).status == 401
    assert with_tokens.ask("GET", "/v2/", headers=pull).status == 200
    assert with_tokens.ask("GET", "/v2/_catalog", headers=everything).status == 401
    catalog: dict[str, object] = {"type": "registry", "name": "catalog", "actions": ["*"]}
    assert (
        with_tokens.ask("GET", "/v2/_catalog", headers=bearer(signer.token(catalog))).status == 200
    )
    assert with_tokens.ask("DELETE", BLOB, headers=everything).status == 202


def test_a_certificate_of_who_signs(registry_with: RegistryWith, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "signer")
    signer = Signer(load_pem_private_key(key.read_bytes(), None), "ES256")
    auth = Tokens("https://auth.example/token", "us", "them", certificate)
    with registry_with(auth=auth) as registry:
        assert registry.ask("GET", "/v2/", headers=bearer(signer.token())).status == 200
        other = SIGNERS["ES256"].token()
        assert registry.ask("GET", "/v2/", headers=bearer(other)).status == 401


def test_where_tokens_are_got(with_tokens: Running) -> None:
    path = f"/v2/b/blobs/uploads/?mount={sha256(DATA)}&from=team/app"
    answer = with_tokens.ask("POST", path)

    assert answer.headers["www-authenticate"] == (
        'Bearer realm="https://auth.example/token",service="us",'
        'scope="repository:b:push,pull repository:team/app:pull"'
    )


def test_tokens_that_count_for_nothing(with_tokens: Running) -> None:
    signer = SIGNERS["ES256"]
    public = signer.public()
    now = int(time.time())
    forged = Signer(ec.generate_private_key(ec.SECP256R1()), "ES256")
    for token in (
        signer.token(ALL, iss="others"),
        signer.token(ALL, aud="others"),
        signer.token(ALL, exp=now - 3600),
        signer.token(ALL, nbf=now + 3600),
        signer.token(ALL, access="all"),
        forged.token(ALL),
        jwt.encode({"iss": "them", "aud": "us", "exp": now + 9, "access": [ALL]}, None, "none"),  # type: ignore[arg-type]
        hs256_by(public, now),
        "x",
        "",
    ):
        answer = with_tokens.ask("GET", "/v2/", headers=bearer(token))
        assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def hs256_by(public: bytes, now: int) -> str:
    """Return a token whose maker took the public key for a secret."""

    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    claims = {"iss": "them", "aud": "us", "exp": now + 300, "access": [ALL]}
    head = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
    return (head + b"." + part(hmac.digest(public, head, hashlib.sha256))).decode()


def test_read_only(registry_with: RegistryWith) -> None:
    with registry_with() as registry:
        registry.push_image("team/app", "v1", DATA)
    with registry_with(is_read_only=True) as registry:
        assert registry.ask("GET", BLOB).body == DATA
        for method, path in (
            ("POST", UPLOADS),
            ("PUT", "/v2/team/app/manifests/v1"),
            ("DELETE", "/v2/team/app/manifests/v1"),
            ("DELETE", BLOB),
        ):
            answer = registry.ask(method, path, b"")
            assert (answer.status, answer.code) == (405, "UNSUPPORTED"), path
