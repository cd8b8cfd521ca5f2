"""The statements, in a file for each table, as plain functions of a `Read` or a `Write`.

Each carries the owner, except those of the system itself on leases, which say so.
"""
