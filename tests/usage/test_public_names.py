"""Every public name that user code relies on: it is there, takes these keywords, and says what they mean."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

import pytest

#: Packages whose names are tested where they are installed.
OPTIONAL = ("civis.ml", "civis.parallel", "civis.workflows")

JOB = "client api_key polling_interval hidden archive"
LOAD = (
    "database table max_errors existing_table_rows diststyle distkey sortkey1 sortkey2 table_columns headers "
    "primary_keys last_modified_keys execution credential_id " + JOB
)
SQL = "sql database sql_params_arguments job_name credential_id " + JOB
POLL = "poller poller_args polling_interval client poll_on_creation"
RETRIES = "setup_cmd max_submit_retries max_job_retries"
CONTAINER = "docker_image_name client polling_interval hidden remote_backend " + RETRIES
SOURCE = "df csv_path table_name database_name file_id sql_where sql_limit"
SHARE = "id client share_email_body send_shared_email permission_level"

#: Where a name lives, the name, the keywords that it takes, and the release since which it is there.
NAMES: list[tuple[str, str, str, str]] = [
    ("civis", "APIClient",
     "api_key return_type api_version local_api_spec force_refresh_api_spec retries user_agent retry_total "
     "resources", "1.0"),
    ("civis", "APIClient.get_database_id", "database", "1.0"),
    ("civis", "APIClient.get_database_credential_id", "username database_name", "1.0"),
    ("civis", "APIClient.get_aws_credential_id", "cred_name owner", "1.0"),
    ("civis", "APIClient.get_storage_host_id", "storage_host", "1.11"),
    ("civis", "APIClient.get_table_id", "table database", "1.0"),
    ("civis", "APIClient.username", "", "1.0"),
    ("civis", "APIClient.default_credential", "", "1.0"),
    ("civis", "APIClient.default_database_credential_id", "", "1.13"),
    ("civis", "APIClient.feature_flags", "", "1.3"),
    ("civis", "APIClient.last_response", "", "1.0"),
    ("civis", "ServiceClient",
     "service_id root_path swagger_path api_key return_type local_api_spec", "1.10"),
    ("civis", "find", "object_list filter_func", "1.0"),
    ("civis", "find_one", "object_list filter_func", "1.0"),
    ("civis", "civis_logger", "name level fmt", "1.9"),
    ("civis.loggers", "civis_logger", "name level fmt", "1.9"),
    ("civis.response", "Response", "json_data headers snake_case from_json_values", "1.0"),
    ("civis.response", "Response.json", "snake_case", "2.0"),
    ("civis.response", "ListResponse", "", "2.0"),
    ("civis.response", "PaginatedResponse", "path initial_params endpoint", "1.0"),
    ("civis.response", "find", "object_list filter_func", "1.0"),
    ("civis.response", "find_one", "object_list filter_func", "1.0"),
    ("civis.response", "CivisClientError", "", "1.0"),
    ("civis.response", "CivisImmutableResponseError", "", "2.0"),
    ("civis.base", "CivisAPIError", "", "1.0"),
    ("civis.base", "CivisAPIKeyError", "", "1.0"),
    ("civis.base", "CivisJobFailure", "err_msg response job_id run_id", "1.0"),
    ("civis.base", "EmptyResultError", "", "1.0"),
    ("civis.base", "CivisImportError", "", "1.12"),
    ("civis.base", "Endpoint", "", "1.0"),
    ("civis.base", "CivisAsyncResultBase", "", "1.0"),
    ("civis.base", "get_base_url", "", "1.0"),
    ("civis.base", "open_session", "", "1.0"),
    ("civis.base", "FINISHED", "", "1.0"),
    ("civis.base", "FAILED", "", "1.0"),
    ("civis.base", "NOT_FINISHED", "", "1.0"),
    ("civis.base", "CANCELLED", "", "1.0"),
    ("civis.base", "DONE", "", "1.0"),
    ("civis.resources", "get_api_spec", "api_key api_version user_agent", "1.0"),
    ("civis.resources", "cache_api_spec", "cache api_key", "1.0"),
    ("civis.resources", "generate_classes", "api_key", "1.0"),
    ("civis.resources", "generate_classes_maybe_cached",
     "cache api_key api_version force_refresh_api_spec user_agent", "1.0"),
    ("civis.resources", "API_SPEC_PATH", "", "2.3"),
    ("civis.resources", "CACHED_SPEC_PATH", "", "1.0"),
    ("civis.polling", "PollableResult", POLL, "1.0"),
    ("civis.futures", "CivisFuture", POLL + " max_retries api_key", "1.0"),
    ("civis.futures", "CivisFuture.succeeded", "", "1.0"),
    ("civis.futures", "CivisFuture.failed", "", "1.0"),
    ("civis.futures", "CivisFuture.outputs", "", "1.6"),
    ("civis.futures", "CivisFuture.cancel", "", "1.0"),
    ("civis.futures", "CivisFuture.job_id", "", "1.0"),
    ("civis.futures", "CivisFuture.run_id", "", "1.0"),
    ("civis.futures", "CivisFuture.job_url", "", "2.4"),
    ("civis.futures", "CivisFuture.job_run_url", "", "2.4"),
    ("civis.futures", "ContainerFuture",
     "job_id run_id max_n_retries polling_interval client poll_on_creation", "1.0"),
    ("civis.futures", "ContainerFuture.cancel", "", "1.0"),
    ("civis.futures", "CustomScriptExecutor",
     "from_template_id name hidden arguments max_n_retries client polling_interval inc_script_names", "1.5"),
    ("civis.futures", "CustomScriptExecutor.submit", "", "1.5"),
    ("civis.futures", "CustomScriptExecutor.map", "", "1.5"),
    ("civis.futures", "CustomScriptExecutor.shutdown", "wait", "1.5"),
    ("civis.futures", "CustomScriptExecutor.cancel_all", "", "1.5"),
    ("civis.futures", "_ContainerShellExecutor",
     "docker_image_name name required_resources hidden max_n_retries client polling_interval "
     "inc_script_names", "1.0"),
    ("civis.io", "read_civis",
     "table database columns return_as use_pandas encoding job_name credential_id " + JOB, "1.0"),
    ("civis.io", "read_civis_sql", SQL + " return_as use_pandas encoding", "1.0"),
    ("civis.io", "civis_to_csv", SQL + " filename include_header compression delimiter unquoted", "1.0"),
    ("civis.io", "civis_to_multifile_csv",
     SQL + " include_header compression delimiter max_file_size unquoted prefix", "1.0"),
    ("civis.io", "export_to_civis_file",
     "sql database sql_params_arguments job_name credential_id csv_settings "
     "client polling_interval hidden", "1.15"),
    ("civis.io", "csv_to_civis", LOAD + " filename delimiter escaped", "1.0"),
    ("civis.io", "dataframe_to_civis", LOAD + " df", "1.0"),
    ("civis.io", "civis_file_to_table", LOAD + " file_id delimiter escaped", "1.10"),
    ("civis.io", "query_civis",
     "sql database credential_id preview_rows client api_key polling_interval hidden", "1.0"),
    ("civis.io", "transfer_table",
     "source_db dest_db source_table dest_table job_name source_credential_id dest_credential_id "
     + "client api_key polling_interval archive", "1.0"),
    ("civis.io", "split_schema_tablename", "table", "1.10"),
    ("civis.io", "file_to_civis", "buf_or_path name expires_at description client api_key", "1.0"),
    ("civis.io", "civis_to_file", "file_id buf_or_path client api_key", "1.0"),
    ("civis.io", "file_to_dataframe", "file_id return_as compression client", "1.6"),
    ("civis.io", "dataframe_to_file", "df name expires_at description client", "1.15"),
    ("civis.io", "file_to_json", "file_id client", "1.6"),
    ("civis.io", "json_to_file", "obj name expires_at description client", "1.15"),
    ("civis.io", "file_id_from_run_output", "name job_id run_id regex client", "1.6"),
    ("civis.utils", "run_job", "job_id client polling_interval", "1.0"),
    ("civis.utils", "run_template", "id arguments client return_as JSONValue", "1.10"),
    ("civis.utils", "job_logs", "job_id run_id finished_timeout client", "2.3"),
    ("civis.utils", "run_script", "id arguments client polling_interval", "3.0"),
    ("civis.utils", "find_job", "name client", "3.0"),
    ("civis.utils", "post_run_output", "value name path table database client", "3.0"),
    ("civis.utils", "all_pages", "", "3.0"),
    ("civis.tests", "create_client_mock", "cache", "1.7"),
    ("civis.tests", "create_client_mock_for_container_tests",
     "script_id run_id state run_outputs log_outputs", "1.7"),
    ("civis.testing", "civis_platform", "", "3.0"),
    ("civis.testing", "civis_environment", "", "3.0"),
    ("civis.testing", "civis_client", "", "3.0"),
    ("civis.testing", "civis_database", "", "3.0"),
    ("civis.testing", "civis_faults", "", "3.0"),
    ("civis.ml", "ModelPipeline",
     "model dependent_variable primary_key parameters cross_validation_parameters model_name calibration "
     "excluded_columns client cpu_requested memory_requested disk_requested notifications dependencies "
     "git_token_name verbose etl civisml_version", "1.0"),
    ("civis.ml", "ModelPipeline.train",
     SOURCE + " oos_scores oos_scores_db if_exists fit_params polling_interval validation_data n_jobs",
     "1.0"),
    ("civis.ml", "ModelPipeline.predict",
     SOURCE + " manifest primary_key output_table output_db if_exists n_jobs polling_interval cpu memory "
     "disk_space dvs_to_predict", "1.0"),
    ("civis.ml", "ModelPipeline.from_existing", "train_job_id train_run_id client", "1.0"),
    ("civis.ml", "ModelPipeline.register_pretrained_model",
     "model dependent_variable features primary_key model_name dependencies git_token_name skip_model_check "
     "verbose client civisml_version", "1.8"),
    ("civis.ml", "ModelFuture",
     "job_id run_id train_job_id train_run_id polling_interval client poll_on_creation", "1.0"),
    *(("civis.ml", f"ModelFuture.{name}", "", "1.0") for name in (
        "metadata", "training_metadata", "validation_metadata", "metrics", "estimator", "table",
        "table_fname", "train_data", "train_data_fname", "state", "is_training")),
    ("civis.ml", "ModelError", "msg estimator metadata", "1.0"),
    ("civis.ml", "list_models", "job_type author client", "1.11"),
    ("civis.ml", "put_models_shares_users", "user_ids " + SHARE, "1.8"),
    ("civis.ml", "put_models_shares_groups", "group_ids " + SHARE, "1.8"),
    ("civis.ml", "delete_models_shares_users", "id user_id client", "1.8"),
    ("civis.ml", "delete_models_shares_groups", "id group_id client", "1.8"),
    ("civis.parallel", "make_backend_factory", CONTAINER, "1.6"),
    ("civis.parallel", "infer_backend_factory",
     "required_resources params arguments client polling_interval setup_cmd max_submit_retries "
     "max_job_retries hidden remote_backend", "1.6"),
    ("civis.parallel", "make_backend_template_factory",
     "from_template_id arguments client polling_interval max_submit_retries max_job_retries hidden", "1.8"),
    ("civis.parallel", "JobSubmissionError", "", "1.6"),
    ("civis.workflows", "validate_workflow_yaml", "", "2.3"),
    ("civis.workflows", "WorkflowValidationError", "", "2.3"),
]  # fmt: skip

CASES = [pytest.param(*row[:3], id=f"{row[0]}.{row[1]}") for row in NAMES]


def find(module: str, name: str) -> Any:
    """Give the object of a name; skip where its package is not there."""
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as error:
        if module in OPTIONAL and (error.name or "").startswith(module):
            pytest.skip(f"{module} is not there yet")
        raise
    for part in name.split("."):
        found = inspect.getattr_static(found, part) if inspect.isclass(found) else getattr(found, part)
        found = found.__func__ if isinstance(found, (classmethod, staticmethod)) else found
    return found


@pytest.mark.parametrize(("module", "name", "keywords"), CASES)
def test_it_takes_these_keywords(module, name, keywords):
    found = find(module, name)
    wanted = keywords.split()
    if not wanted:
        return
    parameters = inspect.signature(found).parameters
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    by_name = {each.name for each in parameters.values() if each.kind is not each.POSITIONAL_ONLY}
    missing = set(wanted) - by_name
    assert not missing or takes_any, f"{name} does not take {sorted(missing)}"


@pytest.mark.parametrize(("module", "name", "keywords"), CASES)
def test_it_is_documented(module, name, keywords):
    found = find(module, name)
    if isinstance(found, (list, str)) or name == "API_SPEC_PATH" or name == "CACHED_SPEC_PATH":
        return  # a constant has no docstring
    # A fixture of pytest keeps its function, and with it the docstring, inside.
    found = getattr(found, "__wrapped__", found) if module == "civis.testing" else found
    text = inspect.getdoc(found) or ""
    assert text.strip(), f"{name} has no docstring"
    undocumented = [word for word in keywords.split() if word not in text]
    assert not undocumented, f"{name} says nothing of {undocumented}"


def test_no_name_is_listed_twice():
    places = [row[:2] for row in NAMES]
    assert len(places) == len(set(places))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("FINISHED", ["success", "succeeded"]),
        ("FAILED", ["failed"]),
        ("NOT_FINISHED", ["queued", "running"]),
        ("CANCELLED", ["cancelled"]),
        ("DONE", ["success", "succeeded", "failed", "cancelled"]),
    ],
)
def test_states(name, expected):
    assert sorted(find("civis.base", name)) == sorted(expected)
