"""Loads a file into a table whose columns are typed, tells what the table is, and lets a group read it."""

import io

import civis

DATABASE = "local"
CSV = b"zip,people,counted\n02116,20000,2020-04-01\n02139,38000,2020-04-01\n"

client = civis.APIClient()
file_id = civis.io.file_to_civis(io.BytesIO(CSV), name="census.csv")
civis.io.civis_file_to_table(
    file_id,
    DATABASE,
    "public.census",
    existing_table_rows="drop",
    table_columns=[
        {"name": "zip", "sql_type": "VARCHAR(5)"},
        {"name": "people", "sql_type": "INTEGER"},
        {"name": "counted", "sql_type": "DATE"},
    ],
    headers=True,
).result()
civis.io.query_civis(
    """
    CREATE GROUP census_readers;
    COMMENT ON TABLE public.census IS 'People by ZIP code';
    COMMENT ON COLUMN public.census.people IS 'Counted, not estimated';
    GRANT SELECT ON public.census TO GROUP census_readers;
    """,
    DATABASE,
).result()
