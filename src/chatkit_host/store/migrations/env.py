"""Run by Alembic: migrates the connection that `store/migrate.py` hands over, in the transaction that it has begun."""

from alembic import context

from chatkit_host.store.tables import is_in_metadata, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    include_name=is_in_metadata,
)
with context.begin_transaction():
    context.run_migrations()
