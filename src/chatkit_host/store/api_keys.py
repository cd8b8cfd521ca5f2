"""API keys in the database."""

from collections.abc import Sequence
from datetime import datetime

from chatkit_host.engine.api_keys import ApiKey
from chatkit_host.errors import NotFound
from chatkit_host.store.database import Database
from chatkit_host.store.queries import api_keys
from chatkit_host.text import is_safe


class DatabaseApiKeys:
    """Fulfils `auth.api_keys.ApiKeyStore`. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, key: ApiKey, hashed: str) -> None:
        await self._database.writing(lambda w: api_keys.add(w, key, hashed))

    async def find(self, hashed: str) -> ApiKey | None:
        return await self._database.reading(lambda r: api_keys.find(r, hashed))

    async def note_use(self, key_id: str, now: datetime, *, unless_since: datetime) -> None:
        await self._database.writing(lambda w: api_keys.note_use(w, key_id, now, unless_since=unless_since))

    async def list(self) -> Sequence[ApiKey]:
        return await self._database.reading(api_keys.listed)

    async def revoke(self, key_id: str, now: datetime) -> ApiKey:
        if not is_safe(key_id):
            raise NotFound
        return await self._database.writing(lambda w: api_keys.revoke(w, key_id, now))
