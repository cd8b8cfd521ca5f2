"""Database addresses as people paste them."""

import inspect
import ssl
from pathlib import Path

import asyncpg
import pytest

from chatkit_host.store.address import AddressError, parse_address

NEON = "postgresql://neondb_owner:npg_x@ep-a-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require"
SUPABASE = "postgres://postgres.abc:s3cret@aws-0-eu-central-1.pooler.supabase.com:6543/postgres?pgbouncer=true&connection_limit=1"
HEROKU = "postgres://user:p%40ss@ec2-1-2-3-4.compute-1.amazonaws.com:5432/d1?sslmode=require"
PRISMA = "postgresql://u:p@h/db?schema=public&connection_limit=5&pool_timeout=10&sslaccept=strict"
EVERYTHING = (
    "postgresql+psycopg2://u:p@h:5433/db?application_name=mine&connect_timeout=7&options=-c%20search_path%3Dchat"
    "&target_session_attrs=read-write&keepalives=1&keepalives_idle=30&gssencmode=disable&sslmode=prefer"
)


@pytest.mark.parametrize("address", [NEON, SUPABASE, HEROKU, PRISMA, EVERYTHING])
def test_asyncpg_knows_every_argument_that_it_gets(address: str) -> None:
    known = set(inspect.signature(asyncpg.connect).parameters)
    # SQLAlchemy takes these two out itself.
    known |= {"prepared_statement_cache_size", "prepared_statement_name_func"}
    parsed = parse_address(address)
    assert set(parsed.connect_args) <= known
    assert dict(parsed.url.query) == {}
    assert parsed.url.drivername == "postgresql+asyncpg"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg"])
def test_any_scheme_of_postgresql_will_do(scheme: str) -> None:
    parsed = parse_address(f" '{scheme}://user:secret@db.example:6543/chat' ")
    assert (parsed.url.host, parsed.url.port, parsed.url.database) == ("db.example", 6543, "chat")
    assert (parsed.url.username, parsed.url.password) == ("user", "secret")
    assert not parsed.is_sqlite


def test_no_prepared_statement_outlives_its_use() -> None:
    arguments = parse_address(SUPABASE).connect_args
    assert (arguments["statement_cache_size"], arguments["prepared_statement_cache_size"]) == (0, 0)
    assert arguments["prepared_statement_name_func"]() == ""


def test_what_the_parameters_say_is_done() -> None:
    arguments = parse_address(EVERYTHING).connect_args
    assert arguments["server_settings"] == {"application_name": "mine", "options": "-c search_path=chat"}
    assert (arguments["timeout"], arguments["target_session_attrs"], arguments["ssl"]) == (7.0, "read-write", "prefer")


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
def test_security_without_a_check_of_the_server(mode: str) -> None:
    assert parse_address(f"postgres://u@h/db?sslmode={mode}").connect_args["ssl"] == mode


def test_without_a_word_on_security_the_driver_decides() -> None:
    assert "ssl" not in parse_address("postgres://u@h/db").connect_args
    assert parse_address("postgres://u@h/db?ssl=true").connect_args["ssl"] == "require"


@pytest.mark.parametrize(
    ("query", "checks_name"),
    [
        ("sslmode=verify-ca", False),
        ("sslmode=verify-full", True),
        ("sslmode=verify-full&sslrootcert=system", True),
        ("sslrootcert=system", True),
    ],
)
def test_security_with_a_check_of_the_server(query: str, checks_name: bool) -> None:
    context = parse_address(f"postgres://u@h/db?{query}").connect_args["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, checks_name)


def test_a_root_certificate_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_text("no certificate")
    for path in (tmp_path / "missing.pem", tmp_path / "root.pem"):
        with pytest.raises(AddressError, match="sslrootcert"):
            parse_address(f"postgres://u@h/db?sslmode=verify-full&sslrootcert={path}")


def test_several_hosts() -> None:
    parsed = parse_address("postgresql://u:p@one.example:5433,two.example/db?target_session_attrs=primary")
    assert (parsed.connect_args["host"], parsed.connect_args["port"]) == (["one.example", "two.example"], [5433, 5432])
    assert (parsed.url.username, parsed.url.password, parsed.url.database) == ("u", "p", "db")


def test_a_host_may_be_a_parameter() -> None:
    parsed = parse_address("postgresql:///db?host=/run/postgresql&user=u&port=5433")
    assert (parsed.connect_args["host"], parsed.connect_args["port"]) == (["/run/postgresql"], 5433)
    assert (parsed.url.username, parsed.url.database) == ("u", "db")


@pytest.mark.parametrize(
    ("address", "file"), [("sqlite:///chat.db", "chat.db"), ("sqlite:////data/c.db", "/data/c.db")]
)
@pytest.mark.parametrize("driver", ["", "+aiosqlite"])
def test_a_sqlite_file(address: str, file: str, driver: str) -> None:
    parsed = parse_address(address.replace("sqlite", f"sqlite{driver}", 1))
    assert (parsed.is_sqlite, parsed.url.database) == (True, file)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "chat.db",
        "mysql://u:s3cret@h/db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory",
        "sqlite://chat.db",
        "sqlite:///chat.db?mode=ro",
        "postgresql://u:s3cret@h:port/db",
        "postgresql://u:s3cret@h/db?sslmod=require",
        "postgresql://u:s3cret@h/db?sslmode=s3cret",
        "postgresql://u:s3cret@h/db?connect_timeout=s3cret",
        "postgresql://u:s3cret@h/db?port=s3cret",
        "postgresql://u:s3cret@h/db?target_session_attrs=s3cret",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_secrets(address: str) -> None:
    with pytest.raises(AddressError) as refused:
        parse_address(address)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_an_address_is_shown_without_its_password() -> None:
    parsed = parse_address("postgresql://u:s3cret@h/db?password=s3cret2")
    assert "s3cret" not in f"{parsed} {parsed!r}"
