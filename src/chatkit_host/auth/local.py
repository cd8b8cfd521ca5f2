"""Local mode: nobody signs in, so nobody but this machine may reach the server."""

from ipaddress import IPv6Address, ip_address

from chatkit_host.auth.identity import User
from chatkit_host.auth.scopes import ALL_SCOPES
from chatkit_host.ids import Owner

LOCAL_USER = User(id="local", owner=Owner("local"), scopes=ALL_SCOPES)


class LocalAuthenticator:
    """Every caller is the user `local`; a token that is sent along is not looked at."""

    async def authenticate(self, authorization_header: str | None) -> User:
        return LOCAL_USER

    async def close(self) -> None:
        pass


def is_loopback(host: str) -> bool:
    """Whether a host to bind to, or a host in an address, is this machine and cannot be reached from another.

    Names are not looked up: an answer of the DNS can change between the check and the use.
    """
    name = host.strip().removeprefix("[").removesuffix("]").removesuffix(".").lower()
    if name == "localhost":
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def refuse_open_bind(host: str, has_auth: bool) -> str | None:
    """Why the server must not start on this host, and what to set; None when it may."""
    if has_auth or is_loopback(host):
        return None
    return (
        f"No authentication is configured, and {host or 'every interface'} can be reached from other machines. "
        "Set a JWT secret or a JWKS address, or bind to 127.0.0.1."
    )
