"""A report by query: adds up what a query gives, and shows it as a report that is made once and then kept."""

import pandas as pd

import civis

DATABASE = "local"

client = civis.APIClient()
civis.io.query_civis(
    """
    drop table if exists public.calls;
    create table public.calls (state varchar(2), answered boolean);
    insert into public.calls values ('IL', true), ('IL', false), ('IL', true), ('WI', false);
    """,
    DATABASE,
).result()

rows = civis.io.read_civis_sql(
    """
    select state, count(*), sum(answered::int)::float / count(*) as rate
    from public.calls group by 1 order by 1
    """,
    DATABASE,
    use_pandas=True,
)
table = pd.DataFrame(rows).to_html(index=False)
report = client.reports.post(name="Calls", code_body="<html>(empty)</html>")
client.reports.patch(report.id, code_body=f"<html>{table}</html>")
print(f"report {report['id']} shows {len(rows)} states")
