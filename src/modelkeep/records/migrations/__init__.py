"""Migrations: one module for each version of the tables, ``to_2``, ``to_3`` and so on.

A migration is written once and never changed: it says in its own words what the tables of its
version are, whatever ``records.sql.schema`` says today. Its module has

- ``NEEDS``: the tables that the version before must have;
- ``upgrade(operations, cursor)``: what is done. ``operations`` are Alembic's, each run at once
  through ``cursor``, which is also for what Alembic has no words for.

It runs in one transaction that somebody else begins and ends, on a connection that may be lent:
no pragmas, no ``COMMIT``, nothing but tables of ours. Foreign keys may be on or off, so a table
that others refer to is made anew in four steps: copy all rows aside, drop the children and then
the parents, make the new tables, fill them from the copies.

Beside a new migration belong: catalogues of the version before in ``tests/data/catalogues``,
written before the tables change, and ``records.sql.schema.VERSION``.
"""
