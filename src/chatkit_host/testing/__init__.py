"""What users need to test theirs.

The contract of a chatkit `Store`, as cases to run against your own:

    @pytest.mark.parametrize("case", store_cases(), ids=str)
    async def test_my_store(case):
        await case.run(MyStore)
"""

from chatkit_host.testing.store_contract import StoreCase, store_cases

__all__ = ["StoreCase", "store_cases"]
