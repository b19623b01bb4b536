"""Tables out of files, files out of tables, and tables from one database to another."""

import gzip
import io

import pandas as pd
import requests
from _expect import OFTEN, raises

import civis
from civis.base import CivisJobFailure

OFTEN = {"polling_interval": OFTEN}


def rows(sql):
    return civis.io.query_civis(sql, "local", preview_rows=100, **OFTEN).result(60).result_rows


def into_tables(client):
    frame = pd.DataFrame(
        {"zip": ["00501", "94110"], "Name, first": ['O"Brien', "Zoë\nAnn"], "share": [0.5, None]}
    )
    file_id = civis.io.dataframe_to_file(frame, "people.csv", index=False)
    back = civis.io.file_to_dataframe(file_id, dtype={"zip": str})
    assert back.equals(frame), back
    columns = [
        {"name": "zip", "sql_type": "VARCHAR(5)"},
        {"name": "first", "sql_type": "VARCHAR(64)"},
        {"name": "share", "sql_type": "FLOAT"},
    ]
    civis.io.civis_file_to_table(
        file_id, "local", "compat.people", table_columns=columns, existing_table_rows="drop", **OFTEN
    ).result(60)
    assert sorted(rows("SELECT zip, first FROM compat.people")) == [
        ["00501", 'O"Brien'],
        ["94110", "Zoë\nAnn"],
    ]

    # Several files, their types found out.
    ids = [
        civis.io.file_to_civis(io.BytesIO(f"id|word\n{n}|w{n}\n".encode()), f"part{n}.csv") for n in range(3)
    ]
    future = civis.io.civis_file_to_table(ids, "local", "compat.parts", existing_table_rows="drop", **OFTEN)
    future.result(60)
    assert rows("SELECT count(*), sum(id) FROM compat.parts") == [["3", "3"]]
    other = civis.io.file_to_civis(io.BytesIO(b"other,names\n1,2\n"), "other.csv")
    with raises(civis.base.CivisImportError):
        civis.io.civis_file_to_table([*ids, other], "local", "compat.mixed", **OFTEN)
    with raises(CivisJobFailure, "parts"):
        civis.io.civis_file_to_table(
            ids[0], "local", "compat.parts", existing_table_rows="fail", **OFTEN
        ).result(60)

    # Rows that are there already are replaced by their keys.
    newer = civis.io.file_to_civis(io.BytesIO(b"id,word\n1,changed\n9,new\n"), "newer.csv")
    civis.io.civis_file_to_table(
        newer,
        "local",
        "compat.parts",
        existing_table_rows="upsert",
        primary_keys=["id"],
        last_modified_keys=["id"],
        delimiter=",",
        headers=True,
        **OFTEN,
    ).result(60)
    wanted = [["0", "w0"], ["1", "changed"], ["2", "w2"], ["9", "new"]]
    assert sorted(rows("SELECT id, word FROM compat.parts")) == wanted


def out_of_tables(client):
    sql = "SELECT * FROM generate_series(1, 5000) AS numbers(n) ORDER BY 1"
    manifest = civis.io.civis_to_multifile_csv(
        sql, "local", compression="gzip", delimiter="|", prefix="numbers", max_file_size=32, **OFTEN
    )
    assert manifest["header"] == ["n"], manifest
    assert (manifest["delimiter"], manifest["compression"]) == ("|", "gzip"), manifest
    lines = []
    for entry in manifest["entries"]:
        content = requests.get(entry["url_signed"], timeout=30).content
        lines += gzip.decompress(content).decode().splitlines()
        assert entry["name"].startswith("numbers"), entry
    numbers = [int(line) for line in lines if line.isdigit()]
    assert sorted(numbers) == list(range(1, 5001))

    settings = {"compression": "none", "column_delimiter": "pipe", "include_header": False}
    future = civis.io.export_to_civis_file("SELECT 1 AS a, 'x' AS b", "local", csv_settings=settings, **OFTEN)
    output = future.result(60)["output"][0]
    text = requests.get(output["path"], timeout=30).text
    assert text == '1|"x"\n', text
    target = io.BytesIO()
    civis.io.civis_to_file(output["file_id"], target)
    assert target.getvalue().decode() == text

    got = civis.io.read_civis_sql(
        "SELECT {{word}} AS word, {{number}} AS number",
        "local",
        sql_params_arguments={
            "params": [{"name": "word", "type": "string"}, {"name": "number", "type": "integer"}],
            "arguments": {"word": "O'Brien", "number": 7},
        },
    )
    assert got == [["word", "number"], ["O'Brien", "7"]], got
    with raises(civis.base.EmptyResultError):
        civis.io.read_civis_sql("CREATE TABLE IF NOT EXISTS compat.nothing (a INT)", "local")


def between_databases(client):
    done = civis.io.transfer_table("local", "local", "compat.parts", "compat.copied", max_errors=0, **OFTEN)
    done.result(60)
    assert rows("SELECT count(*) FROM compat.copied") == [["4"]]
    broken = civis.io.transfer_table("local", "local", "compat.no_such", "compat.copy", **OFTEN)
    assert isinstance(broken.exception(60), CivisJobFailure)


def names(client):
    assert civis.io.split_schema_tablename('compat."odd.name"') == ("compat", "odd.name")
    assert civis.io.split_schema_tablename("alone") == (None, "alone")
    with raises(ValueError):
        civis.io.split_schema_tablename("a.b.c")
    table_id = client.get_table_id("compat.parts", "local")
    table = client.tables.get(table_id)
    assert (table.schema, table.name) == ("compat", "parts"), table
    assert [column.name for column in table.columns] == ["id", "word"]
    listed = client.tables.list(database_id=client.get_database_id("local"), schema="compat", name="parts")
    assert [each.id for each in listed] == [table_id]
    assert "compat" in [
        each.schema for each in client.databases.list_schemas(client.get_database_id("local"))
    ]


def main():
    client = civis.APIClient()
    into_tables(client)
    out_of_tables(client)
    between_databases(client)
    names(client)


if __name__ == "__main__":
    main()
