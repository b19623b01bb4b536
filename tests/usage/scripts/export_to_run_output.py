"""A job that exports a query to a file and hands it on as an output of its run; made and started here."""

import civis
from civis.futures import CivisFuture

SOURCE = """
import os
import civis

client = civis.APIClient()
log = civis.civis_logger()
future = civis.io.civis_to_csv("numbers.csv", "select 1 as n union all select 2 order by 1", "local")
future.result()
with open("numbers.csv") as file:
    file_id = civis.io.file_to_civis(file, "numbers.csv", expires_at=None)
job_id, run_id = os.environ["CIVIS_JOB_ID"], os.environ["CIVIS_RUN_ID"]
client.scripts.post_python3_runs_outputs(job_id, run_id, "File", file_id)
log.info("put out file %s", file_id)
"""

client = civis.APIClient()
script = client.scripts.post_python3(name="Export numbers", source=SOURCE)
run = client.scripts.post_python3_runs(script.id)
CivisFuture(client.scripts.get_python3_runs, (script.id, run.id)).result()
file_id = civis.io.file_id_from_run_output("numbers.csv", script.id, run.id)
print(civis.io.file_to_dataframe(file_id)["n"].sum())
