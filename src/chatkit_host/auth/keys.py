"""Keys that verify signatures, and the algorithms that each kind of key may be used with."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from jwt import PyJWK, PyJWTError

SHARED_SECRET_ALGORITHMS = ("HS256",)

_RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_CURVE_ALGORITHMS = {
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
PUBLIC_KEY_ALGORITHMS = (*_RSA_ALGORITHMS, "ES256", "ES384", "ES512", "EdDSA")

_PUBLIC_MEMBERS = ("kty", "n", "e", "crv", "x", "y")
_MOST_KEYS = 100
_MOST_CANDIDATES = 10
"""How many keys are tried for a token that names none."""

VerificationKey = PyJWK | bytes


class KeySource(Protocol):
    """Where verification keys come from."""

    async def find(self, algorithm: str, key_id: str | None) -> Sequence[VerificationKey]:
        """The keys to try for a token with this header: none when it cannot be verified.

        `Unavailable` when the keys are not known and cannot be fetched.
        """
        ...

    async def close(self) -> None: ...


class SharedSecret:
    """The one key of an issuer that signs with the secret that this server knows too."""

    def __init__(self, secret: str) -> None:
        self._keys = (secret.encode(),)

    async def find(self, algorithm: str, key_id: str | None) -> Sequence[VerificationKey]:
        return self._keys if algorithm in SHARED_SECRET_ALGORITHMS else ()

    async def close(self) -> None:
        pass


class KeySet:
    """The usable public keys of one JWKS document (RFC 7517)."""

    def __init__(self, keys: Mapping[tuple[str | None, str], Sequence[PyJWK]]) -> None:
        self._keys = keys

    def find(self, algorithm: str, key_id: str | None) -> Sequence[PyJWK]:
        if key_id is not None:
            return self._keys.get((key_id, algorithm), ())
        fitting = [key for (_, its_algorithm), keys in self._keys.items() if its_algorithm == algorithm for key in keys]
        return fitting[:_MOST_CANDIDATES]


def read_key_set(document: Any) -> KeySet | None:
    """The keys of a decoded JWKS document; None when none of them can be used.

    Only public members are read, so that a private key published by mistake is still nothing but a public key here. Symmetric
    keys are never used: who can read them in the document could sign with them.
    """
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        return None
    found: dict[tuple[str | None, str], list[PyJWK]] = {}
    for member in members[:_MOST_KEYS]:
        if not isinstance(member, dict):
            continue
        key_id = member.get("kid")
        if key_id is not None and not isinstance(key_id, str):
            continue
        for algorithm in _algorithms(member):
            key = _public_key(member, algorithm)
            if key is not None:
                found.setdefault((key_id, algorithm), []).append(key)
    return KeySet(found) if found else None


def _algorithms(member: dict[str, Any]) -> Sequence[str]:
    """What a key may verify, by its kind and by what its issuer declares it for."""
    if member.get("use", "sig") != "sig":
        return ()
    operations = member.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return ()
    kind, curve = member.get("kty"), member.get("crv")
    if not isinstance(kind, str) or not isinstance(curve, str | None):
        return ()
    possible = _RSA_ALGORITHMS if kind == "RSA" else _CURVE_ALGORITHMS.get((kind, curve or ""), ())
    declared = member.get("alg")
    return possible if declared is None else tuple(name for name in possible if name == declared)


def _public_key(member: dict[str, Any], algorithm: str) -> PyJWK | None:
    public = {name: member[name] for name in _PUBLIC_MEMBERS if name in member}
    try:
        return PyJWK(public, algorithm)
    except (PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, AttributeError):
        # The issuer wrote something that is not a key. The others may be fine.
        return None
