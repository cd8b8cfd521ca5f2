"""What makes an operator's settings unfit to protect anybody."""

import re
from itertools import pairwise

from chatkit_host.auth.local import is_loopback

MINIMUM_SECRET_BYTES = 32
"""RFC 7518 3.2: an HS256 key has at least the size of the hash."""

_MINIMUM_DISTINCT_CHARACTERS = 8
"""Thirty-two random hexadecimal digits have about fourteen."""

_ADVICE = 'Make one with `python -c "import secrets; print(secrets.token_urlsafe(48))"`'

_PLACEHOLDER_WORDS = (
    "a abc access admin an app at auth backend be better bit bits byte bytes change changed changeit changeme chars characters",
    "chatkit default dev development demo do env example file foo bar foobar for generate generated here host hs256 in",
    "insecure is it its jwt key least letmein length local localhost long me min minimum more must my need new not of only",
    "or oauth pass password placeholder please private prod production qwerty random real replace replaced safe sample",
    "secret secretkey secrets secure server session should sign signing some something string strong super test testing",
    "text that the this to todo token tokens use value very with xxx you your",
)
_WORD = "|".join(sorted(" ".join(_PLACEHOLDER_WORDS).split(), key=len, reverse=True))
_PLACEHOLDER = re.compile(rf"(?:{_WORD}|[0-9]{{1,20}}(?![0-9])|[^a-z0-9]{{1,4}}(?![^a-z0-9]))++")


class ConfigurationError(Exception):
    """The settings for authentication are not safe to run with; the message says which one, and what to set."""


def check_secret(secret: str) -> None:
    """Raises `ConfigurationError` for a shared secret that is short, well known or guessable."""
    from jwt import InvalidKeyError
    from jwt.algorithms import HMACAlgorithm

    size = len(secret.encode("utf-8", "surrogatepass"))
    if size < MINIMUM_SECRET_BYTES:
        raise ConfigurationError(
            f"The JWT secret has {size} bytes; set one of at least {MINIMUM_SECRET_BYTES}. {_ADVICE}."
        )
    if _is_placeholder(secret):
        raise ConfigurationError(f"The JWT secret is a well-known or repetitive value; set a random one. {_ADVICE}.")
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret)
    except (InvalidKeyError, ValueError) as error:
        raise ConfigurationError(
            "The JWT secret looks like a public or private key; set a random secret instead, "
            "or set the JWKS address of the issuer that holds the key."
        ) from error


def _is_placeholder(secret: str) -> bool:
    text = secret.strip().lower()
    return (
        len(set(text)) < _MINIMUM_DISTINCT_CHARACTERS
        or _repeats(text)
        or _counts_up(text)
        or _PLACEHOLDER.fullmatch(text) is not None
    )


def _repeats(text: str) -> bool:
    return any(text == (text[:size] * len(text))[: len(text)] for size in range(1, min(len(text) // 2, 64) + 1))


def _counts_up(text: str) -> bool:
    steps = sum(ord(after) - ord(before) == 1 for before, after in pairwise(text))
    return steps > len(text) // 2


def check_jwks_url(address: str) -> None:
    """Raises `ConfigurationError` unless keys fetched from this address can be trusted."""
    from yarl import URL

    try:
        url = URL(address)
    except ValueError as error:
        raise ConfigurationError("The JWKS address is not a URL; set one such as https://issuer/jwks.json.") from error
    if url.scheme not in ("https", "http") or not url.host:
        raise ConfigurationError("The JWKS address is not an https URL; set one such as https://issuer/jwks.json.")
    if url.scheme == "http" and not is_loopback(url.host):
        raise ConfigurationError(
            "The JWKS address uses http, so anyone on the way could replace the keys; set an https address "
            "(http is accepted for localhost alone)."
        )
    if url.user is not None or url.password is not None:
        raise ConfigurationError("The JWKS address holds credentials; set it without a user name and password.")
