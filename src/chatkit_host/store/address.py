"""A database address as people paste it, turned into what SQLAlchemy and the drivers take.

Hosted PostgreSQL hands out addresses written for libpq or for Prisma. asyncpg refuses keyword arguments that it does not
know, so every parameter is either understood, knowingly ignored, or refused by name.
"""

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

# Tuning of libpq's sockets and of other languages' drivers, without a meaning for asyncpg.
_IGNORED = frozenset(
    (
        *("channel_binding", "client_encoding", "connection_limit", "gssencmode", "keepalives", "keepalives_count"),
        *("keepalives_idle", "keepalives_interval", "load_balance_hosts", "pgbouncer", "pool_timeout"),
        *("prepareThreshold", "prepared_statement_cache_size", "prepared_statements", "require_auth"),
        *("socket_timeout", "sslaccept", "sslcompression", "sslsni", "statement_cache_size", "supa"),
        *("tcp_user_timeout", "uselibpqcompat", "workaround"),
    )
)
_SSL_MODES = frozenset(("disable", "allow", "prefer", "require", "verify-ca", "verify-full"))
_SESSION_ATTRIBUTES = frozenset(("any", "primary", "standby", "read-write", "read-only", "prefer-standby"))
_YES = frozenset(("1", "true", "yes", "on"))


class AddressError(ValueError):
    """This is not a database address that can be used.

    The message names parameters, never their values: an address holds a password.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`url` and `connect_args` are for SQLAlchemy's `create_engine` (SQLite) or `create_async_engine` (PostgreSQL)."""

    url: URL = field(repr=False)
    connect_args: dict[str, Any] = field(repr=False)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)


def parse_address(address: str) -> Address:
    """Reads `sqlite:///file.db` or any `postgres://` or `postgresql://` address; raises `AddressError`."""
    address = address.strip().strip("'\"")
    scheme, separator, rest = address.partition("://")
    if not separator:
        raise AddressError(
            "A database address looks like sqlite:///file.db or postgresql://user:password@host/database."
        )
    database = scheme.partition("+")[0]  # whatever driver was meant: it is ours to choose
    if database == "sqlite":
        return _sqlite(rest)
    if database in ("postgres", "postgresql"):
        return _postgresql(rest)
    raise AddressError("The database must be SQLite (sqlite://) or PostgreSQL (postgresql://).")


def _sqlite(rest: str) -> Address:
    url = _url("sqlite+pysqlite://" + rest)
    if url.host or url.username:
        raise AddressError("A relative SQLite file has three slashes (sqlite:///file.db), an absolute one four.")
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        # Readers and the writer have connections of their own, and each would see its own empty memory.
        raise AddressError("SQLite needs a file (sqlite:///file.db); a database in memory would forget every answer.")
    if url.query:
        raise AddressError("A SQLite address takes no parameters.")
    return Address(url=url, connect_args={"check_same_thread": False, "isolation_level": None, "timeout": 5.0})


def _postgresql(rest: str) -> Address:
    rest, hosts = _split_hosts(rest)
    url = _url("postgresql+asyncpg://" + rest)
    given = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
    arguments: dict[str, Any] = {
        # A pooler in transaction mode gives each transaction another server connection, so that no statement may be
        # expected to be there still. Unnamed ones live no longer than their use within the transaction.
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "prepared_statement_name_func": lambda: "",
        "timeout": 10.0,
        "command_timeout": 30.0,
    }
    settings: dict[str, str] = {"application_name": "chatkit-host"}
    for name, value in given.items():
        match name:
            case "sslmode" | "ssl" | "sslrootcert" | "sslcert" | "sslkey" | "sslpassword":
                pass  # together, below
            case "application_name" | "options":
                settings[name] = value
            case "fallback_application_name":
                settings.setdefault("application_name", value)
            case "connect_timeout":
                arguments["timeout"] = _seconds(name, value) or 60.0
            case "command_timeout":
                arguments["command_timeout"] = _seconds(name, value) or None
            case "target_session_attrs":
                arguments[name] = _one_of(name, value, _SESSION_ATTRIBUTES)
            case "sslnegotiation":
                arguments["direct_tls"] = _one_of(name, value, frozenset(("postgres", "direct"))) == "direct"
            case "schema" if value == "public":
                pass
            case "host":
                hosts = [(host, None) for host in value.split(",")]
            case "port":
                arguments["port"] = _port(value)
            case "user":
                url = url.set(username=value)
            case "password":
                url = url.set(password=value)
            case "dbname":
                url = url.set(database=value)
            case _ if name in _IGNORED:
                pass
            case _:
                raise AddressError(f"The database address has a parameter that is not known: {name!r}.")
    if hosts:
        arguments["host"] = [host for host, _ in hosts]
        if any(port for _, port in hosts):
            arguments["port"] = [_port(port) if port else 5432 for _, port in hosts]
    security = _security(given)
    if security is not None:
        arguments["ssl"] = security
    return Address(url=url.set(query={}), connect_args=arguments | {"server_settings": settings})


def _url(address: str) -> URL:
    try:
        return make_url(address)
    except (ArgumentError, ValueError):
        # From None: the original holds the whole address.
        raise AddressError(
            "The database address cannot be read. Are special characters in its password percent-encoded?"
        ) from None


def _split_hosts(rest: str) -> tuple[str, list[tuple[str, str | None]]]:
    """Takes `one:5432,two:5432` out of an address, a form that SQLAlchemy does not read."""
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    login, at, places = authority.rpartition("@")
    if "," not in places:
        return rest, []
    hosts: list[tuple[str, str | None]] = []
    for place in places.split(","):
        host, _, port = place.partition(":")
        hosts.append((host, port or None))
    return login + at + rest[len(authority) :], hosts


def _security(given: Mapping[str, str]) -> str | ssl.SSLContext | None:
    """What asyncpg takes as `ssl`; None leaves its default, which prefers TLS."""
    mode = given.get("sslmode")
    if mode is None and (plain := given.get("ssl")) is not None:
        mode = "require" if plain.lower() in _YES else plain
    root, certificate = given.get("sslrootcert"), given.get("sslcert")
    if mode is not None:
        _one_of("sslmode", mode, _SSL_MODES)
    if root == "system":
        mode = "verify-full"
    elif root is not None and mode == "require":
        mode = "verify-ca"  # libpq's rule: a root certificate that is given is used
    if mode not in ("verify-ca", "verify-full") and (certificate is None or mode == "disable"):
        return mode
    try:
        context = ssl.create_default_context(
            cafile=None if root is None or root == "system" else os.path.expanduser(root)
        )
        context.check_hostname = mode == "verify-full"
        if mode not in ("verify-ca", "verify-full"):
            context.verify_mode = ssl.CERT_NONE
        if certificate is not None:
            key = given.get("sslkey")
            context.load_cert_chain(
                os.path.expanduser(certificate), key and os.path.expanduser(key), given.get("sslpassword")
            )
    except OSError:
        raise AddressError(
            "A file named by sslrootcert, sslcert or sslkey cannot be read, or is no certificate."
        ) from None
    return context


def _seconds(name: str, value: str) -> float:
    try:
        return max(float(value), 0.0)
    except ValueError:
        raise AddressError(f"The parameter {name!r} of the database address is not a number of seconds.") from None


def _port(value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise AddressError("The port of the database address is not a number between 1 and 65535.")
    return int(value)


def _one_of(name: str, value: str, allowed: frozenset[str]) -> str:
    if value not in allowed:
        raise AddressError(
            f"The parameter {name!r} of the database address must be one of {', '.join(sorted(allowed))}."
        )
    return value
