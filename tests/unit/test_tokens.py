"""Who gets in: every claim and header of a token that decides, as its honest issuer and as an attacker would write it."""

import base64
import json
import random
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jwt.algorithms import get_default_algorithms

from chatkit_host.auth.authenticator import authenticator
from chatkit_host.auth.bearer import TOKEN_BYTES, TokenMissing, TokenRefused, bearer_token, challenge
from chatkit_host.auth.configuration import ConfigurationError, check_jwks_url, check_secret
from chatkit_host.auth.identity import User, owner_of
from chatkit_host.auth.keys import KeySet, SharedSecret, VerificationKey, read_key_set
from chatkit_host.auth.local import LOCAL_USER, is_loopback, refuse_open_bind
from chatkit_host.auth.mint import mint_token
from chatkit_host.auth.token_authenticator import IssuersAuthenticator, TokenAuthenticator
from chatkit_host.auth.tokens import TokenRules, read_header, verify
from chatkit_host.configured import token_rules
from chatkit_host.errors import Forbidden, Unauthorized
from chatkit_host.ids import Owner
from chatkit_host.settings import SettingsError, read_settings

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = "q7Rk2vXw9ZpLs4TnB8fYh3JmD6cGa1Ue"
KEY = SECRET.encode()
OTHER_SECRET = "m3Wd8sKx1VqTz6PbN9gRj4FhC7yLu2Ea"
ISSUER = "https://issuer.example"
AUDIENCE = "chat"
HEADER: dict[str, Any] = {"alg": "HS256", "typ": "JWT"}
CLAIMS: dict[str, Any] = {
    "sub": "alice",
    "iss": ISSUER,
    "aud": AUDIENCE,
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 3600,
}
SHARED = TokenRules(secret=SECRET, issuers=(ISSUER,), audiences=(AUDIENCE,))
PUBLIC = TokenRules(jwks_url="https://issuer.example/jwks", issuers=(ISSUER,), audiences=(AUDIENCE,))


def at(seconds: float) -> int:
    return int(NOW.timestamp() + seconds)


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(claims: Any = CLAIMS, header: Any = HEADER, *, key: Any = KEY, sign_as: str = "HS256") -> str:
    """A token with a good signature over whatever header and claims it is given."""
    message = f"{encoded(header)}.{encoded(claims)}"
    return f"{message}.{encoded(get_default_algorithms()[sign_as].sign(message.encode(), key))}"


def claiming(**claims: Any) -> str:
    return token(CLAIMS | claims)


def without(*names: str) -> str:
    return token({name: value for name, value in CLAIMS.items() if name not in names})


def headed(**header: Any) -> str:
    return token(header=HEADER | header)


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def curve_key(curve: str, name: str = "issuer") -> Any:
    match curve:
        case "Ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case "Ed448":
            return ed448.Ed448PrivateKey.generate()
        case _:
            curves = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1, "K-256": ec.SECP256K1}
            return ec.generate_private_key(curves[curve]())


def jwk(algorithm: str, key: Any, **members: Any) -> dict[str, Any]:
    return get_default_algorithms()[algorithm].to_jwk(key.public_key(), as_dict=True) | members


@cache
def key_set() -> KeySet:
    keys = read_key_set(
        {
            "keys": [
                jwk("RS256", rsa_key(), kid="rsa"),
                jwk("RS256", rsa_key(), kid="rsa-256-only", alg="RS256"),
                jwk("RS256", rsa_key(), kid="for-encryption", use="enc"),
                jwk("RS256", rsa_key(), kid="for-wrapping", key_ops=["wrapKey"]),
                jwk("RS256", rsa_key(1024), kid="rsa-1024"),
                jwk("ES256", curve_key("P-256"), kid="p256", use="sig", key_ops=["verify"]),
                jwk("ES384", curve_key("P-384"), kid="p384"),
                jwk("ES512", curve_key("P-521"), kid="p521"),
                jwk("ES256K", curve_key("K-256"), kid="k256"),
                jwk("EdDSA", curve_key("Ed25519"), kid="ed"),
                jwk("EdDSA", curve_key("Ed448"), kid="ed448"),
                {"kty": "oct", "k": encoded(SECRET.encode()), "kid": "oct", "alg": "HS256"},
                {"kty": "RSA", "n": "!!", "e": "AQAB", "kid": "broken"},
                "not a key",
            ]
        }
    )
    assert keys is not None
    return keys


def public(algorithm: str, kid: Any, key: Any, sign_as: str | None = None, **header: Any) -> str:
    header = {"alg": algorithm, "typ": "JWT", **({} if kid is None else {"kid": kid}), **header}
    return token(header=header, key=key, sign_as=sign_as or algorithm)


class KnownKeys:
    async def find(self, algorithm: str, key_id: str | None) -> Sequence[VerificationKey]:
        return key_set().find(algorithm, key_id)

    async def close(self) -> None:
        pass


async def user_of(access_token: str, rules: TokenRules = SHARED, *, scheme: str = "Bearer") -> User:
    keys = SharedSecret(rules.secret) if rules.secret else KnownKeys()
    checks = TokenAuthenticator(rules, keys, lambda: NOW)
    return await checks.authenticate(f"{scheme} {access_token}")


# --- what is accepted


async def test_a_good_token_names_its_user():
    user = await user_of(claiming(name="Alice", email="alice@example.org", role="admin"))
    assert user == User(
        id="alice",
        owner=Owner("alice"),
        issuer=ISSUER,
        expires_at=NOW + timedelta(hours=1),
        claims={"name": "Alice", "email": "alice@example.org"},
    )


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", " bEARer "])
async def test_the_scheme_is_read_without_regard_to_case(scheme: str):
    assert (await user_of(token(), scheme=scheme)).id == "alice"


ACCEPTED: dict[str, Callable[[], str]] = {
    "audience in a list": lambda: claiming(aud=["other", AUDIENCE]),
    "fractional exp": lambda: claiming(exp=at(0.5) + 0.25),
    "expired within the leeway": lambda: claiming(exp=at(-29), iat=at(-60)),
    "issued in the future within the leeway": lambda: claiming(iat=at(29)),
    "not before now": lambda: claiming(nbf=at(0)),
    "no iat": lambda: without("iat"),
    "seven days": lambda: claiming(exp=at(7 * 86400)),
    "no typ": lambda: token(header={"alg": "HS256"}),
    "access token type": lambda: headed(typ="at+jwt"),
    "access token media type": lambda: headed(typ="application/AT+JWT"),
    "subject of 255 characters": lambda: claiming(sub="x" * 255),
    "subject in other scripts": lambda: claiming(sub="آلیس|用户 7"),
    "a key id that a shared secret does not need": lambda: headed(kid="2026"),
    "keys of its own, which are not read": lambda: headed(jku="https://evil.example", jwk={"kty": "oct", "k": "AA"}),
}


@pytest.mark.parametrize("name", ACCEPTED)
async def test_accepted(name: str):
    assert (await user_of(ACCEPTED[name]())).issuer == ISSUER


@pytest.mark.parametrize(
    ("algorithm", "kid", "key"),
    [
        *(
            (name, kid, rsa_key)
            for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
            for kid in ("rsa", None)
        ),
        ("RS256", "rsa-256-only", rsa_key),
        ("ES256", "p256", lambda: curve_key("P-256")),
        ("ES384", "p384", lambda: curve_key("P-384")),
        ("ES512", "p521", lambda: curve_key("P-521")),
        ("EdDSA", "ed", lambda: curve_key("Ed25519")),
        ("EdDSA", None, lambda: curve_key("Ed25519")),
    ],
)
async def test_each_public_key_algorithm_verifies_with_its_key(algorithm: str, kid: str | None, key: Callable[[], Any]):
    assert (await user_of(public(algorithm, kid, key()), PUBLIC)).id == "alice"


async def test_without_a_limit_any_lifetime_is_accepted():
    rules = TokenRules(secret=SECRET, max_lifetime=None)
    assert (await user_of(claiming(exp=at(10 * 365 * 86400)), rules)).id == "alice"


async def test_issuer_and_audience_matter_only_when_configured():
    assert (await user_of(without("iss", "aud"), TokenRules(secret=SECRET))).issuer is None


# --- what is refused, although its signature is good or looks so


def deep(levels: int) -> bytes:
    return b'{"sub":' + b"[" * levels + b"]" * levels + b"}"


def with_signature(signature: str, access_token: str | None = None) -> str:
    return f"{(access_token or token()).rpartition('.')[0]}.{signature}"


def with_payload_of(other: str, access_token: str) -> str:
    head, _, signature = access_token.split(".")
    return f"{head}.{other.split('.')[1]}.{signature}"


ATTACKS_ON_A_SHARED_SECRET: dict[str, Callable[[], str]] = {
    # header
    **{
        f"alg {name!r}": (lambda name=name: headed(alg=name))
        for name in ("none", "None", "NONE", "nOnE", "hs256", "", "HS384")
    },
    **{
        f"alg {name!r}, unsigned": (lambda name=name: with_signature("", headed(alg=name)))
        for name in ("none", "HS256")
    },
    **{f"alg {value!r}": (lambda value=value: headed(alg=value)) for value in (None, 0, True, ["HS256"], {"HS256": 1})},
    "alg missing": lambda: token(header={"typ": "JWT"}),
    "alg RS256 over a MAC": lambda: headed(alg="RS256"),
    "alg HS512, truly": lambda: token(header=HEADER | {"alg": "HS512"}, sign_as="HS512"),
    "crit exp": lambda: headed(crit=["exp"]),
    "crit b64": lambda: headed(crit=["b64"], b64=True),
    "crit empty": lambda: headed(crit=[]),
    "b64 false": lambda: headed(b64=False),
    "b64 false, declared": lambda: headed(b64=False, crit=["b64"]),
    **{f"kid {value!r}": (lambda value=value: headed(kid=value)) for value in (1, None, ["a"], {"a": 1})},
    "logout token": lambda: headed(typ="logout+jwt"),
    "proof of possession": lambda: headed(typ="dpop+jwt"),
    "security event": lambda: headed(typ="application/secevent+jwt"),
    "embedded key": lambda: token(
        header=HEADER | {"jwk": {"kty": "oct", "k": encoded(OTHER_SECRET.encode())}}, key=OTHER_SECRET.encode()
    ),
    "header is a list": lambda: token(header=[HEADER]),
    "header is a string": lambda: token(header="HS256"),
    "header is not JSON": lambda: token(header=b'{"alg":"HS256"'),
    "header is not UTF-8": lambda: token(header=b'{"alg":"HS256","x":"\xff"}'),
    "header is deep": lambda: token(header=deep(2000)),
    # signature and form
    "other secret": lambda: token(key=OTHER_SECRET.encode()),
    "short secret": lambda: token(key=b"secret"),
    "empty secret": lambda: token(key=b""),
    "no signature": lambda: with_signature(""),
    "zero signature": lambda: with_signature("A" * 43),
    "cut signature": lambda: token()[:-4],
    "padded signature": lambda: token() + "=",
    "signature with a spare bit": lambda: with_signature("A" * 42 + "B"),
    "payload of another token": lambda: with_payload_of(claiming(sub="bob"), token()),
    "signature of another token": lambda: with_signature(claiming(sub="bob").rpartition(".")[2]),
    "two segments": lambda: token().rpartition(".")[0],
    "four segments": lambda: token() + ".AAAA",
    "encrypted": lambda: token() + ".AAAA.AAAA",
    "leading dot": lambda: "." + token(),
    "space inside": lambda: token().replace(".", ". ", 1),
    "line break inside": lambda: token().replace(".", ".\n", 1),
    "standard base64": lambda: with_signature("+" * 43),
    "non-ASCII": lambda: token() + "é",
    "lone surrogate": lambda: token() + "\ud800",
    "NUL": lambda: token() + "\x00",
    "two tokens": lambda: f"{token()} {token()}",
    "two tokens, listed": lambda: f"{token()},{token()}",
    "longer than 8 KiB": lambda: claiming(padding="x" * TOKEN_BYTES),
    # claims
    "claims are a list": lambda: token([CLAIMS]),
    "claims are a string": lambda: token("alice"),
    "claims are null": lambda: token(None),
    "claims are not JSON": lambda: token(b'{"sub":"alice"'),
    "claims are not UTF-8": lambda: token(b'{"sub":"\xff"}'),
    "claims are deep": lambda: token(deep(2500)),
    "no exp": lambda: without("exp"),
    **{
        f"exp {value!r}": (lambda value=value: claiming(exp=value))
        for value in (None, "", "99999999999", str(at(60)), True, False, [at(60)], {}, -1, 0, 10**30, 10**400, 1e300)
    },
    "exp NaN": lambda: claiming(exp=float("nan")),
    "exp Infinity": lambda: claiming(exp=float("inf")),
    "exp overflows": lambda: token(json.dumps(CLAIMS).replace(str(CLAIMS["exp"]), "1e999").encode()),
    "expired": lambda: claiming(exp=at(-3600), iat=at(-7200)),
    "expired by the leeway": lambda: claiming(exp=at(-30), iat=at(-60)),
    "in milliseconds": lambda: claiming(exp=at(60) * 1000),
    "a lifetime of 31 days": lambda: claiming(exp=at(31 * 86400)),
    "issued tomorrow": lambda: claiming(iat=at(86400), exp=at(2 * 86400)),
    **{
        f"iat {value!r}": (lambda value=value: claiming(iat=value)) for value in (None, "0", True, [], float("nan"), -5)
    },
    "not yet valid": lambda: claiming(nbf=at(31)),
    **{f"nbf {value!r}": (lambda value=value: claiming(nbf=value)) for value in (None, "0", True, {}, float("nan"))},
    "no sub": lambda: without("sub"),
    **{
        f"sub {value!r}": (lambda value=value: claiming(sub=value))
        for value in (
            None,
            "",
            " ",
            "\u3000",
            1,
            True,
            ["alice"],
            {"id": 1},
            "x" * 256,
            "al\x00ice",
            "alice\n",
            "al\tice",
        )
    },
    **{
        f"sub {value!r}": (lambda value=value: claiming(sub=value))
        for value in ("\ud800", "al\u200bice", "\u202eecila", "alice\u2028", "\ufeffalice", "alice\x7f", "alice\x85")
    },
    "no iss": lambda: without("iss"),
    **{
        f"iss {value!r}": (lambda value=value: claiming(iss=value))
        for value in (None, "", "https://evil.example", ISSUER + "/", ISSUER.upper(), ISSUER[:-1], [ISSUER], {}, 1, "i")
    },
    "no aud": lambda: without("aud"),
    **{
        f"aud {value!r}": (lambda value=value: claiming(aud=value))
        for value in (None, "", "other", "Chat", "cha", "chat ", [], ["other"], [None], [[AUDIENCE]], {AUDIENCE: 1}, 1)
    },
}

ATTACKS_ON_PUBLIC_KEYS: dict[str, Callable[[], str]] = {
    "MAC with the public key as PEM": lambda: public(
        "HS256", "rsa", rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    ),
    "MAC with the public key as DER": lambda: public(
        "HS256", "rsa", rsa_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ),
    "MAC with the modulus": lambda: public("HS256", "rsa", jwk("RS256", rsa_key())["n"].encode()),
    "MAC with nothing": lambda: public("HS256", "rsa", b""),
    "MAC with a symmetric key of the document": lambda: public("HS256", "oct", SECRET.encode()),
    "unsigned": lambda: with_signature("", public("RS256", "rsa", rsa_key())),
    "alg none": lambda: public("none", "rsa", None),
    "unknown key id": lambda: public("RS256", "gone", rsa_key()),
    "key id that is a path": lambda: public("RS256", "../../dev/null", rsa_key()),
    "key id of another kind of key": lambda: public("RS256", "p256", rsa_key()),
    "key of another curve": lambda: public("ES256", "p384", curve_key("P-384"), sign_as="ES384"),
    "curve of another algorithm": lambda: public("ES384", "p256", curve_key("P-256"), sign_as="ES256"),
    "PS256 over an RS256 signature": lambda: public("PS256", "rsa", rsa_key(), sign_as="RS256"),
    "RS256 over a PS256 signature": lambda: public("RS256", "rsa", rsa_key(), sign_as="PS256"),
    "algorithm that the key is not declared for": lambda: public("RS512", "rsa-256-only", rsa_key()),
    "key for encryption": lambda: public("RS256", "for-encryption", rsa_key()),
    "key for wrapping": lambda: public("RS256", "for-wrapping", rsa_key()),
    "RSA key of 1024 bits": lambda: public("RS256", "rsa-1024", rsa_key(1024)),
    "ES256K": lambda: public("ES256K", "k256", curve_key("K-256")),
    "Ed448": lambda: public("EdDSA", "ed448", curve_key("Ed448")),
    "broken key": lambda: public("RS256", "broken", rsa_key()),
    "attacker's key": lambda: public("ES256", "p256", curve_key("P-256", "attacker")),
    "attacker's key, unnamed": lambda: public("ES256", None, curve_key("P-256", "attacker")),
    "attacker's key, embedded": lambda: public(
        "ES256", "p256", curve_key("P-256", "attacker"), jwk=jwk("ES256", curve_key("P-256", "attacker"))
    ),
    "attacker's key, by address": lambda: public(
        "ES256", None, curve_key("P-256", "attacker"), jku="https://evil.example/jwks", x5u="https://evil.example/x"
    ),
    "zero ECDSA signature": lambda: with_signature("A" * 86, public("ES256", "p256", curve_key("P-256"))),
    "short ECDSA signature": lambda: with_signature("AA", public("ES256", "p256", curve_key("P-256"))),
    "zero EdDSA signature": lambda: with_signature("A" * 86, public("EdDSA", "ed", curve_key("Ed25519"))),
    "zero RSA signature": lambda: with_signature("A" * 342, public("RS256", "rsa", rsa_key())),
    "crit": lambda: public("ES256", "p256", curve_key("P-256"), crit=["exp"]),
}


ONE, TWO = "https://one.example", "https://two.example"
SEVERAL = TokenRules(
    jwks_urls={ONE: "https://one.example/jwks", TWO: "https://two.example/jwks"},
    issuers=(ONE, TWO),
    audiences=(AUDIENCE,),
)


class OneKey:
    """The keys of one issuer, both under the same key id as the other's."""

    def __init__(self, name: str) -> None:
        keys = read_key_set({"keys": [jwk("ES256", curve_key("P-256", name), kid="key")]})
        assert keys is not None
        self._keys = keys

    async def find(self, algorithm: str, key_id: str | None) -> Sequence[VerificationKey]:
        return self._keys.find(algorithm, key_id)

    async def close(self) -> None:
        pass


def of_issuer(signed_by: str, **claims: Any) -> str:
    header = {"alg": "ES256", "typ": "JWT", "kid": "key"}
    return token(CLAIMS | claims, header, key=curve_key("P-256", signed_by), sign_as="ES256")


async def user_of_several(access_token: str, rules: TokenRules = SEVERAL) -> User:
    checks = IssuersAuthenticator({each: TokenAuthenticator(rules, OneKey(each), lambda: NOW) for each in (ONE, TWO)})
    return await checks.authenticate(f"Bearer {access_token}")


ATTACKS_ON_SEVERAL_ISSUERS: dict[str, Callable[[], str]] = {
    "the second issuer speaks for the first": lambda: of_issuer(TWO, iss=ONE),
    "the first issuer speaks for the second": lambda: of_issuer(ONE, iss=TWO),
    "a stranger's key for the first": lambda: of_issuer("stranger", iss=ONE),
    "an issuer that is not known": lambda: of_issuer(ONE, iss="https://three.example"),
    "no issuer": lambda: of_issuer(ONE, iss=None),
    "the issuers in a list": lambda: of_issuer(ONE, iss=[ONE]),
    "the issuer as an object": lambda: of_issuer(ONE, iss={ONE: 1}),
    "another spelling of the issuer": lambda: of_issuer(ONE, iss=ONE + "/"),
    "the issuer with a space": lambda: of_issuer(ONE, iss=ONE + " "),
    "the first issuer's user named as the second's": lambda: of_issuer(ONE, iss=ONE, sub=f"{TWO} alice"),
    "the issuer told twice, the true one first": lambda: token(
        f'{{"iss":"{TWO}","iss":"{ONE}",{json.dumps(CLAIMS)[1:].replace(ISSUER, ONE)}'.encode(),
        {"alg": "ES256", "kid": "key"},
        key=curve_key("P-256", TWO),
        sign_as="ES256",
    ),
    "a shared secret": lambda: claiming(iss=ONE),
    "not signed": lambda: with_signature("", of_issuer(ONE, iss=ONE)),
    "claims that are no claims": lambda: token(
        [ONE], {"alg": "ES256", "kid": "key"}, key=curve_key("P-256", ONE), sign_as="ES256"
    ),
}


async def test_each_issuers_tokens_are_checked_with_its_own_keys():
    first, second = await user_of_several(of_issuer(ONE, iss=ONE)), await user_of_several(of_issuer(TWO, iss=TWO))
    assert (first.owner, first.issuer) == ("alice", ONE)
    assert (second.owner, second.issuer) == (f"{TWO} alice", TWO)


@pytest.mark.parametrize("name", ATTACKS_ON_SEVERAL_ISSUERS)
async def test_refused_with_several_issuers(name: str):
    with pytest.raises(TokenRefused):
        await user_of_several(ATTACKS_ON_SEVERAL_ISSUERS[name]())


@pytest.mark.parametrize(
    "rules",
    [
        {"jwks_urls": {ONE: "https://one.example/jwks"}},
        {"jwks_urls": {ONE: "https://one.example/jwks"}, "issuers": (ONE, TWO)},
        {"jwks_urls": {ONE: "https://one.example/jwks"}, "issuers": (TWO,)},
        {"jwks_urls": {ONE: "http://one.example/jwks"}, "issuers": (ONE,)},
        {"jwks_urls": {ONE: "https://one.example/jwks"}, "issuers": (ONE,), "secret": SECRET},
        {"secret": SECRET, "audiences": ("a",), "other_audiences": ("a",)},
        {"secret": SECRET, "tenant_claim": " "},
    ],
)
def test_rules_of_several_issuers_or_surfaces_that_cannot_be_meant_are_refused(rules: dict[str, Any]):
    with pytest.raises(ConfigurationError):
        TokenRules(**rules)


# --- tenants

TENANTS = replace(SHARED, tenant_claim="org")
BAD_TENANTS: dict[str, Any] = {
    "null": None,
    "empty": "",
    "blank": " ",
    "a number": 7,
    "true": True,
    "a list": ["acme"],
    "an object": {"id": "acme"},
    "too long": "x" * 256,
    "a line break": "acme\n",
    "the sign that ends a tenant": "acme\x1fbob",
    "an invisible sign": "ac\u200bme",
    "a lone surrogate": "\ud800",
}


async def test_a_tenants_users_own_their_records_within_it():
    owners = {
        (await user_of(claiming(org=tenant, sub=subject), TENANTS)).owner
        for tenant in ("acme", "acme alice", "ac", "globex")
        for subject in ("alice", "me alice", "alice alice", "acme alice")
    }
    assert len(owners) == 16
    assert not owners & {"alice", "me alice", "alice alice", "acme alice"}
    assert (await user_of(claiming(org="acme"), TENANTS)).tenant == "acme"


@pytest.mark.parametrize("name", BAD_TENANTS)
async def test_without_a_tenant_a_good_token_is_not_allowed_in(name: str):
    with pytest.raises(Forbidden):
        await user_of(claiming(org=BAD_TENANTS[name]), TENANTS)


async def test_a_tenant_is_read_from_the_configured_claim_alone():
    for access_token in (token(), claiming(tenant="acme", tenant_id="acme", Org="acme"), headed(org="acme")):
        with pytest.raises(Forbidden):
            await user_of(access_token, TENANTS)
    assert (await user_of(claiming(org="acme"))).owner == "alice"


@pytest.mark.parametrize("name", ATTACKS_ON_A_SHARED_SECRET)
async def test_refused_with_a_shared_secret(name: str):
    with pytest.raises(TokenRefused):
        await user_of(ATTACKS_ON_A_SHARED_SECRET[name]())


@pytest.mark.parametrize("name", ATTACKS_ON_PUBLIC_KEYS)
async def test_refused_with_public_keys(name: str):
    with pytest.raises(TokenRefused):
        await user_of(ATTACKS_ON_PUBLIC_KEYS[name](), PUBLIC)


async def test_a_lifetime_is_measured_from_now_when_the_token_does_not_say_when_it_was_issued():
    with pytest.raises(TokenRefused, match="longer than is accepted"):
        await user_of(token({name: value for name, value in CLAIMS.items() if name != "iat"} | {"exp": at(31 * 86400)}))


def test_there_are_enough_attacks():
    kinds = (ATTACKS_ON_A_SHARED_SECRET, ATTACKS_ON_PUBLIC_KEYS, ATTACKS_ON_SEVERAL_ISSUERS, BAD_TENANTS)
    assert sum(map(len, kinds)) >= 190


# --- mutations


@dataclass(frozen=True)
class Signed:
    """One good token, and what checks it."""

    text: str
    rules: TokenRules

    def accepts(self, mutated: str) -> bool:
        try:
            bearer = bearer_token(f"Bearer {mutated}")
            header = read_header(bearer, self.rules)
            keys = [SECRET.encode()] if self.rules.secret else key_set().find(header.algorithm, header.key_id)
            verify(bearer, header, keys, self.rules, NOW)
        except Unauthorized:
            return False
        return True


SIGNED: dict[str, Callable[[], Signed]] = {
    "HS256": cache(lambda: Signed(token(), SHARED)),
    "RS256": cache(lambda: Signed(public("RS256", "rsa", rsa_key()), PUBLIC)),
    "ES256": cache(lambda: Signed(public("ES256", "p256", curve_key("P-256")), PUBLIC)),
    "EdDSA": cache(lambda: Signed(public("EdDSA", "ed", curve_key("Ed25519")), PUBLIC)),
}
TOKEN_CHARACTERS = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\x00é")


@settings(max_examples=1000, deadline=None)
@given(data=st.data(), algorithm=st.sampled_from(sorted(SIGNED)))
def test_a_mutated_token_is_never_accepted(data: st.DataObject, algorithm: str):
    signed = SIGNED[algorithm]()
    assert signed.accepts(signed.text)
    mutated = list(signed.text)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        match data.draw(st.sampled_from(["replace", "insert", "delete", "swap", "cut"])):
            case "replace":
                mutated[position] = data.draw(TOKEN_CHARACTERS)
            case "insert":
                mutated.insert(position, data.draw(TOKEN_CHARACTERS))
            case "delete":
                del mutated[position]
            case "swap":
                mutated[position - 1], mutated[position] = mutated[position], mutated[position - 1]
            case _:
                del mutated[max(position, 1) :]
        assume(mutated)
    # Spaces around a token belong to the header.
    assume("".join(mutated).strip() != signed.text)
    assert not signed.accepts("".join(mutated))


ALPHABET = string.ascii_letters + string.digits + "-_.=+/ \n\x00é"


@pytest.mark.parametrize("algorithm", sorted(SIGNED))
def test_none_of_many_mutated_tokens_is_accepted(algorithm: str):
    """2,500 for each of four algorithms, the same ones every time."""
    signed, chance = SIGNED[algorithm](), random.Random(algorithm)
    seen: set[str] = set()
    while len(seen) < 2500:
        mutated = list(signed.text)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            position = chance.randrange(len(mutated))
            match chance.randrange(5):
                case 0 | 1:
                    mutated[position] = chance.choice(ALPHABET)
                case 2:
                    mutated.insert(position, chance.choice(ALPHABET))
                case 3:
                    del mutated[position]
                case _:
                    mutated[position - 1], mutated[position] = mutated[position], mutated[position - 1]
        text = "".join(mutated)
        if text.strip() == signed.text or text in seen:
            continue
        seen.add(text)
        assert not signed.accepts(text), text


@settings(max_examples=100, deadline=None)
@given(header=st.text(max_size=200), claims=st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_no_header_and_no_claims_raise_anything_but_a_refusal(header: str, claims: Any):
    for text in (header, f"Bearer {header}"):
        with pytest.raises(Unauthorized):
            read_header(bearer_token(text), SHARED)
    for name in CLAIMS:
        Signed(token(), SHARED).accepts(claiming(**{name: claims}))


# --- the Authorization header


@pytest.mark.parametrize("header", [None, "", "   ", "Basic YTpi", "Token abc", "a.b.c", "Bearerabc", "bearer"])
def test_without_a_bearer_token_the_caller_is_asked_to_sign_in(header: str | None):
    expected = TokenRefused if header == "bearer" else TokenMissing
    with pytest.raises(expected) as caught:
        bearer_token(header)
    has_code = "invalid_token" in challenge(caught.value)
    assert has_code == (expected is TokenRefused)


def test_the_challenge_of_a_refused_token_says_why():
    assert challenge(TokenRefused('Too\r\nlong: é "x" \\')) == (
        'Bearer realm="chatkit-host", error="invalid_token", error_description="Toolong:  x "'
    )


async def test_a_refusal_tells_nothing_of_the_token():
    with pytest.raises(TokenRefused) as caught:
        await user_of(claiming(aud="canary", iss="canary", sub="canary"))
    assert "canary" not in str(caught.value)
    assert (caught.value.status, caught.value.code) == (401, "unauthorized")


# --- owners


@pytest.mark.parametrize(
    ("subject", "issuer", "issuers", "owner"),
    [
        ("alice", None, (), "alice"),
        ("alice", "https://any", (), "alice"),
        ("alice", "https://one", ("https://one",), "alice"),
        ("alice", "https://one", ("https://one", "https://two"), "alice"),
        ("alice", "https://two", ("https://one", "https://two"), "https://two alice"),
        ("https://two alice", "https://one", ("https://one", "https://two"), None),
        ("https://one alice", "https://two", ("https://one", "https://two"), "https://two https://one alice"),
    ],
)
def test_an_owner_is_one_issuers_user(subject: str, issuer: str | None, issuers: tuple[str, ...], owner: str | None):
    assert owner_of(subject, issuer, issuers) == owner


async def test_the_same_name_at_two_issuers_is_two_owners():
    rules = TokenRules(secret=SECRET, issuers=(ISSUER, "https://second.example"))
    first, second = await user_of(token(), rules), await user_of(claiming(iss="https://second.example"), rules)
    assert (first.owner, second.owner) == ("alice", "https://second.example alice")


# --- settings


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "secret",
        "x" * 31,
        "x" * 64,
        "secret" * 10,
        "secretsecretsecretsecretsecretse",
        "changeme" * 5,
        "your-secret-key" * 3,
        "your-secret-key-change-in-production",
        "your-256-bit-secret-your-256-bit-secret",
        "super-secret-jwt-token-with-at-least-32-characters-long",
        "YOUR_SECRET_KEY_HERE_AT_LEAST_32_CHARACTERS_LONG",
        "better-auth-secret-123456789012345",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "0123456789abcdef0123456789abcdef",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
        '{"kty":"oct","k":"q7Rk2vXw9ZpLs4TnB8fYh3JmD6cGa1Ue"}',
    ],
)
def test_a_secret_that_can_be_guessed_is_refused(secret: str):
    with pytest.raises(ConfigurationError) as caught:
        TokenRules(secret=secret)
    assert "; set " in str(caught.value)
    assert len(secret) < 32 or secret not in str(caught.value)


@settings(max_examples=300)
@given(
    st.binary(
        min_size=24,
        max_size=64,
    ).filter(lambda raw: len(set(raw)) > 18)
)
def test_a_random_secret_is_accepted(raw: bytes):
    check_secret(base64.urlsafe_b64encode(raw).decode())
    check_secret(raw.hex())


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"secret": SECRET, "jwks_url": "https://issuer.example/jwks"},
        {"secret": SECRET, "issuers": "https://issuer.example"},
        {"secret": SECRET, "audiences": "chat"},
        {"secret": SECRET, "audiences": ("",)},
        {"secret": SECRET, "issuers": ("with space",)},
        {"secret": SECRET, "leeway": timedelta(seconds=-1)},
        {"secret": SECRET, "leeway": timedelta(hours=1)},
        {"secret": SECRET, "max_lifetime": timedelta(0)},
    ],
)
def test_rules_that_cannot_be_meant_are_refused(rules: dict[str, Any]):
    with pytest.raises(ConfigurationError):
        TokenRules(**rules)


def test_the_settings_become_the_rules():
    given = read_settings(
        jwt_jwks_urls=f"{TWO}=https://two.example/jwks?a=b, {ONE}=https://one.example/jwks",
        jwt_audience="chat",
        jwt_tenant_claim="org",
        jwt_max_lifetime_days=1,
        jwt_leeway_seconds=5,
    )
    assert token_rules(given) == TokenRules(
        jwks_urls={TWO: "https://two.example/jwks?a=b", ONE: "https://one.example/jwks"},
        issuers=(TWO, ONE),
        audiences=("chat",),
        other_audiences=("chatkit-host-mcp",),
        tenant_claim="org",
        max_lifetime=timedelta(days=1),
        leeway=timedelta(seconds=5),
    )


@pytest.mark.parametrize(
    "setting",
    [
        {"jwt_jwks_urls": "https://one.example/jwks"},
        {"jwt_jwks_urls": "one=https://one.example/jwks,one=https://two.example/jwks"},
        {"jwt_jwks_urls": "=https://one.example/jwks"},
        {"public_url": "chat.example.com"},
        {"public_url": "https://chat.example.com/chat"},
        {"public_url": "https://*.example.com"},
        {"mcp_audience": ""},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(setting: dict[str, str]):
    with pytest.raises(SettingsError):
        read_settings(**setting)


def test_rules_do_not_show_their_secret():
    assert SECRET not in repr(SHARED)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "issuer.example/jwks",
        "http://issuer.example/jwks",
        "http://10.0.0.1/jwks",
        "http://localhost.evil.example/jwks",
        "http://127.0.0.1.evil.example/jwks",
        "http://0.0.0.0/jwks",
        "https://user:password@issuer.example/jwks",
        "https:///jwks",
        "file:///etc/passwd",
        "ftp://issuer.example/jwks",
        "https://[bad/jwks",
    ],
)
def test_an_address_whose_keys_cannot_be_trusted_is_refused(url: str):
    with pytest.raises(ConfigurationError):
        check_jwks_url(url)


@pytest.mark.parametrize(
    "url", ["https://issuer.example/jwks", "http://localhost:3000/api/auth/jwks", "http://[::1]:1/k"]
)
def test_an_address_whose_keys_can_be_trusted_is_accepted(url: str):
    check_jwks_url(url)


# --- local mode


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "localhost.", "::1", "[::1]", "::ffff:127.0.0.1"]
)
def test_loopback(host: str):
    assert is_loopback(host)
    assert refuse_open_bind(host, has_auth=False) is None


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "::",
        "",
        "10.0.0.1",
        "192.168.1.5",
        "8.8.8.8",
        "example.org",
        "127.1",
        "localhost.evil.example",
        "::ffff:8.8.8.8",
    ],
)
def test_a_server_without_authentication_stays_on_this_machine(host: str):
    assert not is_loopback(host)
    refusal = refuse_open_bind(host, has_auth=False)
    assert refusal is not None
    assert "Set a JWT secret" in refusal
    assert refuse_open_bind(host, has_auth=True) is None


@pytest.mark.parametrize("header", [None, "Bearer abc", "Basic YTpi"])
async def test_without_rules_every_caller_is_the_local_user(header: str | None):
    checks = authenticator(None)
    assert await checks.authenticate(header) == LOCAL_USER
    await checks.close()


# --- our own tokens


async def test_a_minted_token_is_accepted_until_it_expires():
    access_token = mint_token(SECRET, "alice", issuer=ISSUER, audience=AUDIENCE, clock=lambda: NOW)
    user = await user_of(access_token)
    assert (user.id, user.expires_at) == ("alice", NOW + timedelta(days=7))
    late = authenticator(SHARED, lambda: NOW + timedelta(days=7, seconds=30))
    with pytest.raises(TokenRefused, match="expired"):
        await late.authenticate(f"Bearer {access_token}")


@pytest.mark.parametrize(
    ("secret", "user", "lifetime"),
    [("secret", "alice", 1), (SECRET, "", 1), (SECRET, "al\nice", 1), (SECRET, "x" * 256, 1), (SECRET, "alice", 0)],
)
def test_a_token_that_would_be_refused_is_not_minted(secret: str, user: str, lifetime: int):
    with pytest.raises(ConfigurationError):
        mint_token(secret, user, lifetime=timedelta(days=lifetime))
