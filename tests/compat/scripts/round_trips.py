"""What a user of the public client writes; run by it, unmodified, against the local platform."""

import sys
from pathlib import Path

import pandas as pd

import civis


def main(folder: Path) -> None:
    client = civis.APIClient()
    frame = pd.DataFrame({"id": range(1, 1001), "zip": [f"{n:05}" for n in range(1, 1001)], "share": 0.5})

    upload = civis.io.dataframe_to_civis(
        frame, "local", "public.people", existing_table_rows="drop", polling_interval=0.2, client=client
    )
    upload.result()
    assert upload.succeeded()

    query = civis.io.query_civis(
        "SELECT count(*) FROM public.people", "local", polling_interval=0.2, client=client
    ).result()
    assert query.result_columns == ["count"], query.result_columns
    assert query.result_rows == [["1000"]], query.result_rows

    rows = civis.io.read_civis("public.people", "local", client=client)
    assert rows[0] == ["id", "zip", "share"], rows[0]
    assert len(rows) == 1001
    assert ["7", "00007", "0.5"] in rows

    ordered = "SELECT * FROM public.people ORDER BY id"
    read = civis.io.read_civis_sql(ordered, "local", return_as="pandas", client=client)
    assert read["id"].tolist() == frame["id"].tolist()

    target = folder / "people.csv"
    civis.io.civis_to_csv(str(target), "SELECT * FROM public.people", "local", client=client).result()
    assert len(target.read_text().splitlines()) == 1001

    for name, size in {"small": 1_000_003, "in parts": 60 * 2**20 + 7}.items():
        sent, returned = folder / f"{name}.bin", folder / f"{name}.back"
        sent.write_bytes(bytes(range(256)) * (size // 256) + b"\0" * (size % 256))
        file_id = civis.io.file_to_civis(str(sent), client=client)
        civis.io.civis_to_file(file_id, str(returned), client=client)
        assert sent.read_bytes() == returned.read_bytes(), name

    failing = civis.io.query_civis("SELECT nothing FROM public.nowhere", "local", client=client)
    failure = failing.exception()
    assert isinstance(failure, civis.base.CivisJobFailure), failure
    assert "nowhere" in str(failure), failure
    print(f"civis {civis.__version__}: all round trips equal")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
