"""Arguments by position and by keyword, as release 2.10 takes them."""

from __future__ import annotations

import inspect
import io
from typing import Any

import pytest

import civis.io
from civis.client import APIClient

LOAD = "client max_errors existing_table_rows diststyle distkey sortkey1 sortkey2 table_columns"
#: The arguments that each function takes by position, in order.
POSITIONS = {
    "read_civis": "table database columns return_as use_pandas encoding job_name client credential_id "
    "polling_interval hidden",
    "read_civis_sql": "sql database return_as use_pandas sql_params_arguments encoding job_name client "
    "credential_id polling_interval hidden",
    "civis_to_csv": "filename sql database sql_params_arguments job_name client credential_id include_header "
    "compression delimiter unquoted hidden polling_interval",
    "export_to_civis_file": "sql database sql_params_arguments job_name client credential_id "
    "polling_interval hidden csv_settings",
    "csv_to_civis": f"filename database table {LOAD} delimiter headers primary_keys last_modified_keys "
    "escaped execution credential_id polling_interval hidden",
    "dataframe_to_civis": f"df database table {LOAD} credential_id primary_keys last_modified_keys "
    "execution polling_interval hidden",
    "civis_file_to_table": f"file_id database table {LOAD} primary_keys last_modified_keys "
    "escaped execution delimiter headers credential_id polling_interval hidden",
    "query_civis": "sql database client credential_id preview_rows polling_interval hidden",
    "transfer_table": "source_db dest_db source_table dest_table job_name client source_credential_id "
    "dest_credential_id polling_interval",
    "file_to_civis": "buf_or_path name expires_at description client",
    "civis_to_file": "file_id buf_or_path client",
    "file_to_dataframe": "file_id return_as compression client",
    "dataframe_to_file": "df name expires_at description client",
    "file_to_json": "file_id client",
    "json_to_file": "obj name expires_at description client",
    "file_id_from_run_output": "name job_id run_id regex client",
}


@pytest.mark.parametrize("name", POSITIONS)
def test_arguments_by_position(name: str):
    parameters = inspect.signature(getattr(civis.io, name)).parameters.values()
    found = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    assert found == POSITIONS[name].split()


def test_files_by_the_other_keyword(client: APIClient):
    up: dict[str, Any] = {"buf": io.BytesIO(b"abc")}
    file_id = civis.io.file_to_civis(name="x", client=client, **up)
    target = io.BytesIO()
    down: dict[str, Any] = {"buf": target}
    civis.io.civis_to_file(file_id, client=client, **down)
    assert target.getvalue() == b"abc"
    with pytest.raises(TypeError, match="one argument"):
        civis.io.civis_to_file(file_id, buf_or_path=target, client=client, **down)
