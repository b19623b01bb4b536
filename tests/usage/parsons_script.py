"""What Parsons' users write, against whatever platform the environment names."""

from parsons import Table
from parsons.civis.civisclient import CivisClient

import civis

DATABASE = "local"

client = CivisClient(db=DATABASE)
people = Table([{"name": "Ada", "zip": "02139", "age": 36}, {"name": "Grace", "zip": "22202", "age": 85}])

# `table_import` sends headers=True, an older word of `dataframe_to_civis`.
imported = client.table_import(people, "public.people", existing_table_rows="drop", polling_interval=0.02)
assert imported.state == "succeeded", imported

found = client.query("select name, zip from public.people order by name", polling_interval=0.02)
assert found.columns == ["name", "zip"], found.columns
assert found.num_rows == 2, found.num_rows
assert list(found["zip"]) == ["02139", "22202"], list(found["zip"])
assert client.query("create table public.other (a int)", polling_interval=0.02) is not None
assert client.query("select count(*) from public.people", wait=False).result().result_rows == [["2"]]

people.to_civis("public.again", db=DATABASE, existing_table_rows="fail", wait=True)
more = people.select_rows(lambda row: row["name"] == "Ada")
more.to_civis("public.again", db=DATABASE, existing_table_rows="append", wait=False).result()
counted = client.query("select count(*) from public.again", polling_interval=0.02)
assert counted.first == "3", counted.first

assert client.client.users.get_me().username == "local"
print(f"Parsons works with civis {civis.__version__}")
