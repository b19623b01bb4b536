"""Keeps a table up to date: what a new file has takes the place of what is there, by the key."""

import csv
import os
import tempfile

import civis

DATABASE = "local"
TABLE = "public.members"


def load(rows, **options):
    """Write rows to a CSV file and load it."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "members.csv")
        with open(path, "w", newline="") as file:
            csv.writer(file).writerows([["id", "name", "changed_at"], *rows])
        return civis.io.csv_to_civis(path, DATABASE, TABLE, headers=True, **options).result()


civis.io.query_civis(
    f"create table {TABLE} (id int, name varchar(40), changed_at timestamp)", DATABASE
).result()
load([[1, "Ada", "2020-01-01 00:00:00"], [2, "Grace", "2020-01-01 00:00:00"]], existing_table_rows="append")
load(
    [[2, "Grace Hopper", "2020-02-01 00:00:00"], [3, "Alan", "2020-02-01 00:00:00"]],
    existing_table_rows="upsert",
    primary_keys=["id"],
    last_modified_keys=["changed_at"],
)
