"""Reads what another client left, and leaves the same for it; a folder holds the notes of IDs."""

import io
import json
import sys
from pathlib import Path

from _expect import OFTEN

import civis

SOURCE = """
import civis, os
client = civis.APIClient()
value = client.json_values.post('{"keptCase": [1, 2]}', name="kept")
client.scripts.post_python3_runs_outputs(
    os.environ["CIVIS_JOB_ID"], os.environ["CIVIS_RUN_ID"], "JSONValue", value.id
)
print("logged line")
"""


def leave(client, word):
    """Make a table, a file, and a script that ran; give their IDs. Any client can run this."""
    sql = f"CREATE TABLE public.of_{word} AS SELECT '00501' AS zip, 7 AS n"
    query = civis.io.query_civis(sql, "local", client=client, polling_interval=OFTEN)
    query.result()
    script = client.scripts.post_python3(name=f"of {word}", source=SOURCE)
    run = civis.utils.run_job(script.id, client=client, polling_interval=OFTEN)
    run.result()
    file_id = civis.io.file_to_civis(io.BytesIO(b"a,b\n1,\xc3\xa9\n"), f"{word}.csv", client=client)
    return {"word": word, "query": query.job_id, "script": script.id, "run": run.run_id, "file": file_id}


def check(client, left):
    """Read what `leave` made."""
    rows = civis.io.read_civis(f"public.of_{left['word']}", "local", client=client)
    assert rows == [["zip", "n"], ["00501", "7"]], rows
    assert client.queries.get(left["query"]).state == "succeeded"
    assert client.scripts.get_python3(left["script"]).source == SOURCE
    outputs = client.scripts.list_python3_runs_outputs(left["script"], left["run"])
    assert [(each.name, each.value) for each in outputs] == [("kept", {"keptCase": [1, 2]})], outputs
    log = [entry["message"] for entry in civis.utils.job_logs(left["script"], left["run"], client=client)]
    assert "logged line" in log, log
    buffer = io.BytesIO()
    civis.io.civis_to_file(left["file"], buffer, client=client)
    assert buffer.getvalue() == b"a,b\n1,\xc3\xa9\n"
    assert client.files.get(left["file"]).name == f"{left['word']}.csv"


def main(folder):
    client = civis.APIClient()
    check(client, json.loads((folder / "ours.json").read_text()))
    (folder / "theirs.json").write_text(json.dumps(leave(client, "theirs")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
