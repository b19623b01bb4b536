"""A pytest plugin: a Civis Platform of one's own for tests, with clients, schemas and faults.

pytest loads it wherever this package is installed; nothing of the platform is imported or started before a
test asks for one of the fixtures.

Examples
--------
A test of a script that reads a table and writes another::

    import my_script


    def test_totals(civis_database):
        civis_database.execute("create table sales (region varchar, amount integer)")
        civis_database.execute("insert into sales values ('north', 1), ('north', 2), ('south', 5)")
        my_script.write_totals(civis_database.table("sales"), civis_database.table("totals"))
        assert civis_database.rows("select * from totals order by 1") == [("north", 3), ("south", 5)]
"""

from __future__ import annotations

from civis.testing._fixtures import (
    civis_client,
    civis_database,
    civis_environment,
    civis_faults,
    civis_platform,
    pytest_addoption,
    pytest_configure,
)

__all__ = [
    "civis_client",
    "civis_database",
    "civis_environment",
    "civis_faults",
    "civis_platform",
    "pytest_addoption",
    "pytest_configure",
]
