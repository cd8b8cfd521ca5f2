"""The command line: serve, migrate, token, keys, doctor, chat."""

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chatkit_host.settings import Settings, SettingsError, environment_name, read_settings

if TYPE_CHECKING:
    from chatkit_host.store.api_keys import DatabaseApiKeys


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
        return given.run(given)
    except SettingsError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chatkit-host", description="Host your own ChatKit backend.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the server")
    serve.add_argument(
        "target", nargs="?", help="my_agent.py:agent or my_server.py:server; without it, the Todo assistant"
    )
    serve.add_argument("--host")
    serve.add_argument("--port", type=int)
    serve.add_argument("--workers", type=int)
    serve.set_defaults(run=_serve)

    migrate = commands.add_parser("migrate", help="bring the database to the schema of this release")
    migrate.set_defaults(run=_migrate)

    token = commands.add_parser("token", help="make an access token, for development")
    token.add_argument("user", help="whom the token stands for")
    token.add_argument("--hours", type=float, default=24.0)
    token.add_argument("--mcp", action="store_true", help="for /api/mcp instead of the chat")
    token.add_argument("--tenant", help="the user's tenant, where tokens name one")
    token.set_defaults(run=_token)

    keys = commands.add_parser("keys", help="API keys, for programs that cannot sign in").add_subparsers(
        required=True, metavar="ACTION"
    )
    create = keys.add_parser("create", help="make a key; it is shown this once")
    create.add_argument("user", help="whom the key stands for")
    create.add_argument("--scope", default="chat", help="chat, tasks, mcp, read; several with commas")
    create.add_argument("--days", type=float, help="after which it ends; without it, it does not end by itself")
    create.add_argument("--name", help="to tell it from others")
    create.add_argument("--tenant", help="the user's tenant, where tokens name one")
    create.set_defaults(run=_keys_create)
    keys.add_parser("list", help="all keys, without the keys themselves").set_defaults(run=_keys_list)
    revoke = keys.add_parser("revoke", help="make a key open nothing any more")
    revoke.add_argument("id")
    revoke.set_defaults(run=_keys_revoke)

    doctor = commands.add_parser("doctor", help="check settings, database, model and MCP servers, and say what to do")
    doctor.add_argument("target", nargs="?")
    doctor.set_defaults(run=_doctor)

    chat = commands.add_parser("chat", help="talk to a running server, or to one of its own, in the terminal")
    chat.add_argument("--url", help="of the server; without it, the local one, which is started when there is none")
    chat.add_argument("--token", default=os.environ.get("CHATKIT_HOST_TOKEN"), help="access token")
    chat.add_argument("--thread", help="go on with this thread")
    chat.add_argument("--target", help="what to start when no server runs: my_agent.py:agent")
    chat.set_defaults(run=_chat)
    return parser


def _serve(given: argparse.Namespace) -> int:
    gc.disable()  # until all is imported (see `ModelSide`): half a million objects that stay would be looked through again and again
    from chatkit_host.auth.configuration import ConfigurationError
    from chatkit_host.auth.local import refuse_open_bind
    from chatkit_host.lean_imports import models_built_when_used
    from chatkit_host.logs import configure_logging

    with models_built_when_used():
        from chatkit_host.serving import serve

    settings = read_settings(host=given.host, port=given.port, workers=given.workers)
    configure_logging(settings.log_level, settings.log_format)
    if refusal := refuse_open_bind(settings.host, settings.has_authentication):
        return _fail(f"{refusal} (JWT_SECRET, JWT_JWKS_URL, HOST)")
    if problem := _problem_with(settings, given.target):
        return _fail(problem)
    _pass_to_workers(settings)
    try:
        serve(settings, given.target)
    except ConfigurationError as error:
        return _fail(str(error))
    except OSError:
        return _fail(f"{settings.host}:{settings.port} is taken or not allowed. Choose another with --port.")
    return 0


def _problem_with(settings: Settings, target: str | None) -> str | None:
    """What would otherwise come out only after the start, and less clearly."""
    from chatkit_host.auth.configuration import ConfigurationError
    from chatkit_host.configured import token_rules
    from chatkit_host.store.address import AddressError, parse_address

    try:
        token_rules(settings)
    except ConfigurationError as error:
        return f"{error} (JWT_SECRET, JWT_JWKS_URL)"
    try:
        parse_address(settings.database_url.get_secret_value())
    except AddressError as error:
        return f"DATABASE_URL: {error}"
    if asyncio.run(_must_be_migrated(settings)):
        return "The database has no tables of this release yet. Run `chatkit-host migrate`."
    if target is not None:
        from chatkit_host.agent.loading import TargetNotFound, load_target

        try:
            load_target(target)
        except TargetNotFound as error:
            return error.message
    return None


async def _must_be_migrated(settings: Settings) -> bool:
    """Whether a shared database waits for its operator. One that is away may come back: the server starts without it."""
    from chatkit_host.errors import DatabaseUnavailable
    from chatkit_host.store.database import Database
    from chatkit_host.store.migrate import current_revision_matches

    database = Database.open(settings.database_url.get_secret_value())
    try:
        return not database.address.is_sqlite and not await current_revision_matches(database)
    except DatabaseUnavailable:
        return False
    finally:
        await database.close()


def _pass_to_workers(settings: Settings) -> None:
    """What was given on the command line, for processes that read the environment."""
    for name in ("host", "port", "workers"):
        os.environ[environment_name(name)] = str(getattr(settings, name))


def _migrate(given: argparse.Namespace) -> int:
    from chatkit_host.errors import DatabaseUnavailable
    from chatkit_host.store.address import AddressError
    from chatkit_host.store.migrate import migrate

    try:
        asyncio.run(migrate(read_settings().database_url.get_secret_value()))
    except AddressError as error:
        return _fail(f"DATABASE_URL: {error}")
    except DatabaseUnavailable as error:
        return _fail(error.message)
    print("The database is up to date.")
    return 0


def _token(given: argparse.Namespace) -> int:
    from chatkit_host.auth.configuration import ConfigurationError
    from chatkit_host.auth.mint import mint_token

    settings = read_settings()
    if settings.jwt_secret is None:
        return _fail("Tokens are made with a shared secret: set JWT_SECRET, to a random text of at least 32 bytes.")
    if problem := _problem_with_tenant(settings, given.tenant):
        return _fail(problem)
    audience = settings.mcp_audience if given.mcp else next(iter(settings.jwt_audience), None)
    try:
        print(
            mint_token(
                settings.jwt_secret.get_secret_value(),
                given.user,
                issuer=next(iter(settings.jwt_issuer), None),
                audience=audience,
                claims={settings.jwt_tenant_claim: given.tenant} if settings.jwt_tenant_claim else {},
                lifetime=timedelta(hours=given.hours),
            )
        )
    except ConfigurationError as error:
        return _fail(str(error))
    return 0


def _problem_with_tenant(settings: Settings, tenant: str | None) -> str | None:
    if settings.jwt_tenant_claim is None:
        return "Tenants are told apart only with CHATKIT_HOST_JWT_TENANT_CLAIM." if tenant else None
    return None if tenant else "Name the user's tenant with --tenant."


def _keys_create(given: argparse.Namespace) -> int:
    from chatkit_host.auth.api_keys import hashed, issue_key, read_scopes
    from chatkit_host.auth.configuration import ConfigurationError
    from chatkit_host.clock import utc_now

    settings = read_settings()
    if problem := _problem_with_tenant(settings, given.tenant):
        return _fail(problem)
    try:
        key, secret = issue_key(
            given.user,
            tenant=given.tenant,
            issuers=settings.jwt_issuer,
            scopes=read_scopes(given.scope),
            lifetime=timedelta(days=given.days) if given.days is not None else None,
            name=given.name,
            now=utc_now(),
        )
    except (ConfigurationError, OverflowError) as error:
        return _fail(str(error))

    async def add(keys: "DatabaseApiKeys") -> None:
        await keys.add(key, hashed(secret))

    if (status := _with_keys(settings, add)) == 0:
        print(secret)
        print(f"Keep it: it is not shown again. Revoke it with `chatkit-host keys revoke {key.id}`.", file=sys.stderr)
        if not settings.has_authentication:
            print("It counts once authentication is configured (JWT_SECRET, JWT_JWKS_URL).", file=sys.stderr)
    return status


def _keys_list(given: argparse.Namespace) -> int:
    from chatkit_host.clock import utc_now

    def moment(value: datetime | None, otherwise: str) -> str:
        return f"{value:%Y-%m-%d %H:%M}" if value is not None else otherwise

    async def show(keys: "DatabaseApiKeys") -> None:
        now = utc_now()
        for key in await keys.list():
            state = "revoked" if key.revoked_at else "valid" if key.is_valid(now) else "expired"
            scopes = ",".join(sorted(key.scopes))
            ends, used = moment(key.expires_at, "never"), moment(key.last_used_at, "never")
            print(f"{key.id}  {state}  {key.user_id!r}  {scopes}  ends {ends}  used {used}  {key.name or ''}".rstrip())

    return _with_keys(read_settings(), show)


def _keys_revoke(given: argparse.Namespace) -> int:
    from chatkit_host.clock import utc_now
    from chatkit_host.errors import NotFound

    async def revoke(keys: "DatabaseApiKeys") -> None:
        await keys.revoke(given.id, utc_now())
        print("Revoked.")

    try:
        return _with_keys(read_settings(), revoke)
    except NotFound:
        return _fail("There is no key with this id. See `chatkit-host keys list`.")


def _with_keys(settings: Settings, work: "Callable[[DatabaseApiKeys], Awaitable[None]]") -> int:
    from chatkit_host.errors import DatabaseUnavailable
    from chatkit_host.store.address import AddressError
    from chatkit_host.store.api_keys import DatabaseApiKeys
    from chatkit_host.store.database import Database
    from chatkit_host.store.migrate import current_revision_matches, migrate

    async def run() -> int:
        database = Database.open(settings.database_url.get_secret_value())
        try:
            if database.address.is_sqlite:
                await migrate(database.address)
            elif not await current_revision_matches(database):
                return _fail("The database has no tables of this release yet. Run `chatkit-host migrate`.")
            await work(DatabaseApiKeys(database))
            return 0
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except AddressError as error:
        return _fail(f"DATABASE_URL: {error}")
    except DatabaseUnavailable as error:
        return _fail(error.message)


def _doctor(given: argparse.Namespace) -> int:
    from chatkit_host.doctor import examine

    findings = asyncio.run(examine(read_settings(), given.target))
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.subject}: {finding.words}")
    return 0 if all(finding.ok for finding in findings) else 1


def _chat(given: argparse.Namespace) -> int:
    from chatkit_host.logs import configure_logging
    from chatkit_host.terminal import talk

    configure_logging("WARNING", "text")
    return asyncio.run(
        talk(read_settings(), url=given.url, token=given.token, thread=given.thread, target=given.target)
    )


def _fail(sentence: str) -> int:
    print(f"chatkit-host: {sentence}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
