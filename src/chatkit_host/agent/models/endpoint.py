"""Where requests to one URL go: the server, the proxy before it, and the head of the request."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

_UNQUOTED = "/%:@!$&'()*+,;=~-._"
_USER_AGENT = "chatkit-host"


@dataclass(frozen=True, slots=True)
class Place:
    """A server, or a proxy."""

    is_secure: bool
    """Spoken to in TLS."""
    host: str
    port: int
    credentials: str | None
    """For an `Authorization` header, from the URL."""

    @classmethod
    def of(cls, url: str) -> Self:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("This is no HTTP address.")
        credentials = None
        if parts.username is not None:
            said = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            credentials = f"Basic {base64.b64encode(said.encode()).decode()}"
        is_secure = parts.scheme == "https"
        port = parts.port or (443 if is_secure else 80)
        return cls(is_secure, parts.hostname.encode("idna").decode(), port, credentials)

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """A URL that is posted to. Each is itself alone: to compare what they are made of would take longer than to use them."""

    server: Place
    target: str
    proxy: Place | None

    @classmethod
    def of(cls, url: str) -> Self:
        """With the proxy that the environment names for it (`http_proxy`, `https_proxy`, `no_proxy`). `ValueError`: no HTTP URL."""
        parts, server = urlsplit(url), Place.of(url)
        target = quote(parts.path or "/", safe=_UNQUOTED)
        if parts.query:
            target += "?" + quote(parts.query, safe=_UNQUOTED + "?")
        return cls(server, target, _proxy_before(server))

    def request(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """Head and body. `ValueError`: a header that would be more than one."""
        return b"%bContent-Length: %d\r\n\r\n%b" % (_before_the_length(self, tuple(headers.items())), len(body), body)

    @property
    def tunnel(self) -> bytes:
        """What a proxy is asked before TLS begins."""
        assert self.proxy is not None
        authority = self.server.authority
        own = {"Host": authority, "User-Agent": _USER_AGENT} | _authorizing("Proxy-Authorization", self.proxy)
        return _lines(f"CONNECT {authority} HTTP/1.1", own) + b"\r\n"

    @property
    def host(self) -> str:
        authority = self.server.authority
        return authority.removesuffix(":443" if self.server.is_secure else ":80")


def _proxy_before(server: Place) -> Place | None:
    if proxy_bypass(server.host) or proxy_bypass(server.authority):
        return None
    proxy = getproxies().get("https" if server.is_secure else "http")
    if not proxy:
        return None
    return Place.of(proxy if "://" in proxy else f"http://{proxy}")


def _authorizing(header: str, place: Place) -> dict[str, str]:
    return {} if place.credentials is None else {header: place.credentials}


@lru_cache(256)
def _before_the_length(endpoint: Endpoint, given: Sequence[tuple[str, str]]) -> bytes:
    """The head of a request with these headers; they are the same for all requests of a model, or of a user."""
    target, own = endpoint.target, {"Host": endpoint.host}
    if endpoint.proxy is not None and not endpoint.server.is_secure:
        target = f"http://{endpoint.host}{target}"
        own |= _authorizing("Proxy-Authorization", endpoint.proxy)
    own |= _authorizing("Authorization", endpoint.server)
    headers = {name.lower(): (name, value) for name, value in ({**own, "User-Agent": _USER_AGENT}.items())}
    headers |= {name.lower(): (name, value) for name, value in given}
    headers.pop("content-length", None)
    return _lines(f"POST {target} HTTP/1.1", dict(headers.values()))


def _lines(first_line: str, headers: Mapping[str, str]) -> bytes:
    lines = (first_line, *(f"{name}: {value}" for name, value in headers.items()))
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise ValueError("A header holds a line break.")
    return "\r\n".join((*lines, "")).encode()
