"""PostgreSQL behind a pooler in transaction mode: each transaction may run on another server connection."""

import asyncio

from support.pgbouncer import require_pgbouncer, running_pgbouncer
from support.postgres import PostgresServer
from support.turns import ALICE, answer, begun_turn, end_turn, events, item_ids

from chatkit_host.engine.ports import TurnWrite
from chatkit_host.store.chatkit_store import DatabaseStore
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.migrate import current_revision_matches, migrate
from chatkit_host.testing import store_cases


async def test_everything_works_behind_a_pooler_in_transaction_mode(postgres: PostgresServer) -> None:
    require_pgbouncer()
    direct = postgres.fresh_database()
    with running_pgbouncer(direct) as url:
        await asyncio.gather(*(migrate(url) for _ in range(4)))
        database = Database.open(url)
        assert await current_revision_matches(database)
        store = DatabaseConversations(database)

        async def talk() -> None:
            for _ in range(6):
                new = await begun_turn(store, events=events(1, 1))
                await asyncio.gather(
                    store.write_turn(new.lease, TurnWrite(events=events(2, 9))),
                    store.load_thread(ALICE, new.thread.id),
                    store.renew_leases([new.lease], 60.0),
                )
                await end_turn(store, new.lease, items=[answer(new.thread.id)])
                assert await store.read_events(ALICE, new.lease.turn_id, after=0) == events(1, 9)
                assert len(await item_ids(store, new.thread.id)) == 2

        # Twelve clients on three server connections: no two transactions of one need run on the same.
        await asyncio.gather(*(talk() for _ in range(12)))
        await database.close()
        await _fulfils_the_store_contract(url)
    postgres.drop_database(direct)


async def _fulfils_the_store_contract(url: str) -> None:
    store = DatabaseStore.open(url)
    cases = store_cases(without=["text", "identifiers"])
    for start in range(0, len(cases), 8):
        await asyncio.gather(*(case.run(lambda: store) for case in cases[start : start + 8]))
    await store.close()
