"""Asks with parameters, as those do who take values from elsewhere and put none into the text themselves."""

import json

import civis

DATABASE = "local"

civis.io.query_civis(
    "create table public.people as select 'O''Hara' as name, 31 as age union all select 'Lee', 17", DATABASE
).result()

params = [
    {"name": "name", "type": "string", "required": True},
    {"name": "age", "type": "integer", "required": True},
]
rows = civis.io.read_civis_sql(
    "select name, age from public.people where name = {{name}} and age > {{age}}",
    DATABASE,
    sql_params_arguments={"params": params, "arguments": {"name": "O'Hara", "age": 18}},
)
client = civis.APIClient()
client.json_values.post(json.dumps({"rows": len(rows) - 1}), name="adults")
print("|".join(rows[1]))
