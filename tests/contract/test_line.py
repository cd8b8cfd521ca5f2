"""The line between the workers of one PostgreSQL database."""

import asyncio
from urllib.parse import urlsplit

from support.pgbouncer import require_pgbouncer, running_pgbouncer
from support.postgres import PostgresServer
from support.waiting import until

from chatkit_host.ids import TurnId, new_id
from chatkit_host.store.address import parse_address
from chatkit_host.store.line import PostgresLine


class Heard:
    def __init__(self) -> None:
        self.said: list[TurnId | None] = []

    def __call__(self, turn_id: TurnId | None) -> None:
        self.said.append(turn_id)


async def test_what_one_says_the_others_hear_and_it_does_not_hear_itself(postgres: PostgresServer) -> None:
    url = postgres.fresh_database()
    lines = [PostgresLine(parse_address(url)) for _ in range(3)]
    ears = [Heard() for _ in lines]
    for line, heard in zip(lines, ears, strict=True):
        line.open(heard)
    await until(lambda: all(line.is_up for line in lines))

    turns = [TurnId(new_id("turn")) for _ in range(1_000)]
    for turn_id in turns:
        lines[0].say(turn_id)
    await until(lambda: all(len(heard.said) > len(turns) for heard in ears[1:]))

    for heard in ears[1:]:
        assert heard.said[0] is None, "on coming up, something may have been missed"
        assert {*heard.said[1:]} == {*turns}
    assert ears[0].said == [None]
    for line in lines:
        await line.close()
    postgres.drop_database(url)


async def test_a_line_that_broke_comes_back_and_says_that_something_may_have_been_missed(
    postgres: PostgresServer,
) -> None:
    url = postgres.fresh_database()
    one, other, heard = PostgresLine(parse_address(url)), PostgresLine(parse_address(url)), Heard()
    one.open(Heard())
    other.open(heard)
    await until(lambda: one.is_up and other.is_up)

    postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE application_name = 'chatkit-host' AND datname = '{urlsplit(url).path[1:]}'"
    )
    await until(lambda: not other.is_up)
    await until(lambda: one.is_up and other.is_up and heard.said.count(None) == 2)
    one.say(TurnId("turn_after"))
    await until(lambda: TurnId("turn_after") in heard.said)

    await one.close()
    await other.close()
    postgres.drop_database(url)


async def test_behind_a_pooler_the_line_knows_that_it_is_none(postgres: PostgresServer) -> None:
    require_pgbouncer()
    direct = postgres.fresh_database()
    with running_pgbouncer(direct) as url:
        line = PostgresLine(parse_address(url))
        line.open(Heard())
        await asyncio.sleep(0.5)
        line.say(TurnId("turn_1"))
        await asyncio.sleep(0.5)
        is_up = line.is_up
        await line.close()
    postgres.drop_database(direct)

    assert not is_up


async def test_a_database_that_is_away_is_waited_for() -> None:
    line = PostgresLine(parse_address("postgresql://nobody@127.0.0.1:1/nothing"))
    line.open(Heard())
    await asyncio.sleep(0.3)
    is_up = line.is_up
    await line.close()

    assert not is_up
