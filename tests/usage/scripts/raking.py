"""Rakes a sample to the margins of three tables: weights whose sums are what the margins say."""

import pandas as pd

import civis

DATABASE = "local"

civis.io.query_civis(
    """
    create table public.sample as
        select 1 as id, 'f' as sex, 'young' as age, 'IL' as state union all
        select 2, 'm', 'young', 'WI' union all select 3, 'f', 'old', 'WI' union all
        select 4, 'm', 'old', 'IL' union all select 5, 'f', 'young', 'WI' union all
        select 6, 'm', 'old', 'WI';
    create table public.margin_sex as select 'f' as sex, 60 as people union all select 'm', 40;
    create table public.margin_age as select 'young' as age, 45 as people union all select 'old', 55;
    create table public.margin_state as select 'IL' as state, 50 as people union all select 'WI', 50;
    """,
    DATABASE,
).result()


def read(table):
    """Read a table as a frame."""
    return civis.io.read_civis(f"public.{table}", DATABASE, use_pandas=True)


sample = read("sample").set_index("id")
margins = {name: read(f"margin_{name}").set_index(name)["people"] for name in ("sex", "age", "state")}
weights = pd.Series(1.0, index=sample.index)
for _ in range(200):
    for name, wanted in margins.items():
        weights *= sample[name].map(wanted / weights.groupby(sample[name]).sum())
frame = sample.assign(weight=weights.round(6)).reset_index()
fut = civis.io.dataframe_to_civis(frame, DATABASE, "public.weights", existing_table_rows="drop", headers=True)
fut.result()
