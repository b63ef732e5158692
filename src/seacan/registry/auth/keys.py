"""Tokens of an issuer whose public keys are known: what distribution calls `auth.token`."""

import re
from pathlib import Path
from typing import Final, TypeAlias

from seacan.errors import InvalidArgument
from seacan.registry.auth.tokens import Grant, InvalidToken, grants_of

try:
    import jwt
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
except ImportError as err:
    raise InvalidArgument("--token-keys needs PyJWT: pip install 'seacan[registry]'") from err

Key: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

_LIMIT_BYTES: Final = 1 << 20
_LEEWAY_S: Final = 60
# By the kind of key, not as the token wants: it would choose none, or take a key for a secret.
_ALGORITHMS: Final[dict[type, list[str]]] = {
    RSAPublicKey: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
    EllipticCurvePublicKey: ["ES256", "ES384", "ES512"],
    Ed25519PublicKey: ["EdDSA"],
}
_PEM: Final = re.compile(rb"-----BEGIN (CERTIFICATE|PUBLIC KEY)-----.*?-----END \1-----", re.DOTALL)


class KeyVerifier:
    """Takes tokens of `issuer` for `service` that one of `keys` has signed."""

    def __init__(self, keys: list[Key], issuer: str, service: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._service = service

    def verify(self, token: str) -> list[Grant]:
        reason: Exception = InvalidToken("no key")
        for key in self._keys:
            try:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=_algorithms(key),
                    issuer=self._issuer,
                    audience=self._service,
                    leeway=_LEEWAY_S,
                    options={"require": ["exp", "iss", "aud"]},
                )
            except jwt.PyJWTError as err:
                reason = err
            else:
                return grants_of(claims)
        raise InvalidToken(str(reason)) from reason


def load(path: Path) -> list[Key]:
    """Return the public keys in a PEM file of certificates and keys. Raises InvalidArgument."""
    try:
        data = path.read_bytes()[: _LIMIT_BYTES + 1]
        keys = [_load(match[1], match[0]) for match in _PEM.finditer(data)]
    except (OSError, ValueError) as err:
        raise InvalidArgument(f"read {path}: {err}") from err
    if not keys:
        raise InvalidArgument(f"read {path}: no certificate and no public key in it")
    return keys


def _load(kind: bytes, pem: bytes) -> Key:
    is_certificate = kind == b"CERTIFICATE"
    key = (
        x509.load_pem_x509_certificate(pem).public_key()
        if is_certificate
        else load_pem_public_key(pem)
    )
    if not isinstance(key, Key):
        raise ValueError("a key that is none of RSA, EC, Ed25519")
    return key


def _algorithms(key: Key) -> list[str]:
    return next(names for kind, names in _ALGORITHMS.items() if isinstance(key, kind))
