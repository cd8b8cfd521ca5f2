"""Access tokens: signed JWTs whose every claim that matters here is checked (RFC 7519, RFC 8725)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import jwt

from chatkit_host.auth.bearer import TokenRefused
from chatkit_host.auth.configuration import ConfigurationError, check_jwks_url, check_secret
from chatkit_host.auth.identity import User, is_subject, kept_claims, owner_in, owner_of
from chatkit_host.auth.keys import PUBLIC_KEY_ALGORITHMS, SHARED_SECRET_ALGORITHMS, VerificationKey
from chatkit_host.auth.scopes import USER_SCOPES
from chatkit_host.engine.api_keys import Scope
from chatkit_host.errors import Forbidden

_LONGEST_LEEWAY = timedelta(minutes=5)
_LAST_MOMENT = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """Which tokens are accepted: those signed with `secret`, with a key of `jwks_url`, or with a key of their issuer's address in
    `jwks_urls`; one of the three.

    With issuers or audiences given, a token must name one of them. Without an audience, a token that the issuer gave out for
    another application opens this one too. `ConfigurationError` when the rules protect nobody.
    """

    secret: str | None = field(default=None, repr=False)
    jwks_url: str | None = None
    jwks_urls: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """By issuer; then `issuers` names the same ones, and their order."""
    issuers: tuple[str, ...] = ()
    """The first one's users own their records under the bare subject; see `identity.owner_of`."""
    audiences: tuple[str, ...] = ()
    other_audiences: tuple[str, ...] = ()
    """Other surfaces of this server: without an audience of its own, this one refuses their tokens."""
    tenant_claim: str | None = None
    """The claim that names the tenant. Then a token without it opens nothing, and owners are owners within their tenant."""
    scopes: frozenset[Scope] = USER_SCOPES
    """What these tokens open."""
    leeway: timedelta = timedelta(seconds=30)
    max_lifetime: timedelta | None = timedelta(days=30)
    """The longest time from `iat` (from now, when there is none) to `exp`; None for no limit."""

    def __post_init__(self) -> None:
        if sum((self.secret is not None, self.jwks_url is not None, bool(self.jwks_urls))) != 1:
            raise ConfigurationError("Set either a JWT secret or JWKS addresses, not both and not neither.")
        if self.secret is not None:
            check_secret(self.secret)
        if self.jwks_url is not None:
            check_jwks_url(self.jwks_url)
        for address in self.jwks_urls.values():
            check_jwks_url(address)
        if self.jwks_urls and set(self.jwks_urls) != set(self.issuers):
            raise ConfigurationError(
                "Set a JWKS address for each token issuer, and no other; the first issuer comes first."
            )
        for name, values in (
            ("issuers", self.issuers),
            ("audiences", self.audiences),
            ("other audiences", self.other_audiences),
        ):
            # A bare string would be searched for substrings.
            if isinstance(values, str) or not all(value and value.split() == [value] for value in values):
                raise ConfigurationError(f"The token {name} must be a list of names without spaces.")
        if set(self.audiences) & set(self.other_audiences):
            raise ConfigurationError("Chat and MCP need different token audiences; set another one for MCP.")
        if self.tenant_claim is not None and not self.tenant_claim.strip():
            raise ConfigurationError("The tenant claim must be the name of a claim; leave it out for none.")
        if not timedelta(0) <= self.leeway <= _LONGEST_LEEWAY:
            raise ConfigurationError("The token leeway must be between 0 and 300 seconds.")
        if self.max_lifetime is not None and self.max_lifetime <= timedelta(0):
            raise ConfigurationError("The longest token lifetime must be positive; leave it out for no limit.")

    @property
    def algorithms(self) -> Sequence[str]:
        """One family: a public key must never be usable as a shared secret."""
        return PUBLIC_KEY_ALGORITHMS if self.secret is None else SHARED_SECRET_ALGORITHMS


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHeader:
    algorithm: str
    key_id: str | None


def read_header(token: str, rules: TokenRules) -> TokenHeader:
    """What a token says about its signature, before it is verified. Keys that it brings along (`jwk`, `jku`, `x5u`) are not read."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise TokenRefused from error
    if "crit" in header or "b64" in header:
        raise TokenRefused
    if _is_another_kind(header.get("typ")):
        raise TokenRefused("This is not an access token.")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in rules.algorithms:
        raise TokenRefused("The access token is signed in a way that is not accepted here.")
    return TokenHeader(algorithm=algorithm, key_id=header.get("kid"))


def read_issuer(token: str) -> str | None:
    """Whom a token says it is from, to find the keys that decide whether it is."""
    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise TokenRefused from error
    return issuer if isinstance(issuer, str) else None


def _is_another_kind(declared: Any) -> bool:
    """An issuer signs more than access tokens with one key, and says so (RFC 8725 3.11): `logout+jwt`, `dpop+jwt`."""
    kind = str(declared or "JWT").lower().removeprefix("application/")
    return kind.endswith("+jwt") and kind != "at+jwt"


def verify(token: str, header: TokenHeader, keys: Sequence[VerificationKey], rules: TokenRules, now: datetime) -> User:
    """The user whom a token names, when its signature and claims hold; `TokenRefused` otherwise, `Forbidden` without a tenant."""
    claims = _signed_claims(token, header, keys)
    expires_at = _check_times(claims, rules, now)
    issuer = _check_issuer(claims, rules)
    _check_audience(claims, rules)
    subject = claims.get("sub")
    if not is_subject(subject):
        raise TokenRefused("The access token does not name a user.")
    owner = owner_of(subject, issuer, rules.issuers)
    if owner is None:
        raise TokenRefused("The access token does not name a user.")
    tenant = _tenant(claims, rules)
    return User(
        id=subject,
        owner=owner if tenant is None else owner_in(tenant, owner),
        issuer=issuer,
        tenant=tenant,
        scopes=rules.scopes,
        expires_at=expires_at,
        claims=kept_claims(claims),
    )


def _signed_claims(token: str, header: TokenHeader, keys: Sequence[VerificationKey]) -> dict[str, Any]:
    for key in keys:
        try:
            return jwt.decode(token, key, algorithms=[header.algorithm], options=_SIGNATURE_ALONE)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            # The signature is another key's, or what it signs is not a set of claims.
            continue
    raise TokenRefused


_SIGNATURE_ALONE: Any = {
    "verify_signature": True,
    # RSA keys of less than 2048 bits verify nothing.
    "enforce_minimum_key_length": True,
    # Checked below: the library reads the system's clock, and takes a number in a string for a number.
    **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub"), False),
}


def _check_times(claims: dict[str, Any], rules: TokenRules, now: datetime) -> datetime:
    leeway, moment = rules.leeway.total_seconds(), now.timestamp()
    expires = _seconds(claims, "exp")
    if expires is None:
        raise TokenRefused("The access token never expires.")
    if expires <= moment - leeway:
        raise TokenRefused("The access token has expired. Sign in again.")
    issued = _seconds(claims, "iat")
    for start in (issued, _seconds(claims, "nbf")):
        if start is not None and start > moment + leeway:
            raise TokenRefused("The access token is not valid yet.")
    if rules.max_lifetime is not None:
        start = moment if issued is None else issued
        if expires - start > rules.max_lifetime.total_seconds() + leeway:
            raise TokenRefused("The access token lives longer than is accepted here.")
    return datetime.fromtimestamp(expires, UTC)


def _seconds(claims: dict[str, Any], name: str) -> float | None:
    """A NumericDate: seconds since 1970, None when the claim is absent."""
    value = claims.get(name)
    if name not in claims:
        return None
    # An integer is compared before it becomes a float: it may be too big for one. NaN is in no range.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_MOMENT:
        raise TokenRefused
    return float(value)


def _check_issuer(claims: dict[str, Any], rules: TokenRules) -> str | None:
    issuer = claims.get("iss")
    if rules.issuers and (not isinstance(issuer, str) or issuer not in rules.issuers):
        raise TokenRefused("The access token is from another issuer.")
    return issuer if isinstance(issuer, str) else None


def _check_audience(claims: dict[str, Any], rules: TokenRules) -> None:
    named = claims.get("aud")
    audiences = named if isinstance(named, list) else [named]
    if rules.audiences and not any(isinstance(name, str) and name in rules.audiences for name in audiences):
        raise TokenRefused("The access token is for another audience.")
    if not rules.audiences and any(isinstance(name, str) and name in rules.other_audiences for name in audiences):
        raise TokenRefused("The access token is for another audience.")


def _tenant(claims: dict[str, Any], rules: TokenRules) -> str | None:
    if rules.tenant_claim is None:
        return None
    tenant = claims.get(rules.tenant_claim)
    if not is_subject(tenant):
        raise Forbidden("Your account belongs to no organisation of this server.")
    return tenant
