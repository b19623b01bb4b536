"""A scan for secrets: whatever people and programs print, log or pickle of responses and errors."""

from __future__ import annotations

import base64
import copy
import io
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

import civis.io
from civis._errors import CivisAPIError, CivisJobFailure, api_error
from civis._http import Answer
from civis.base import Endpoint
from civis.client import APIClient
from civis.local import Platform
from civis.response import ListResponse, PaginatedResponse, Response, wrap
from tests._servers import Reply, Request, served

KEY = "k3y-of-the-test-6041"
SIGNATURE = "51gn4tur3-7702"
PASSWORD = "p4ssw0rd-9133"
SECRETS = [KEY, base64.b64encode(f"{KEY}:".encode()).decode().rstrip("="), SIGNATURE, PASSWORD]
SIGNED = f"https://s3.test/b/k?X-Amz-Credential=A&X-Amz-Signature={SIGNATURE}"

FILE = {
    "id": 1,
    "name": "a.csv",
    "fileUrl": SIGNED,
    "uploadFields": {"x-amz-signature": SIGNATURE, "acl": "private"},
}
CREDENTIAL = {
    "id": 2, "username": "ann", "password": PASSWORD, "secretAccessKey": PASSWORD, "sessionToken": PASSWORD,
    "arguments": {"DB_PASSWORD": PASSWORD, "rows": [{"apiKey": KEY}]}, "gitRepoUrl": f"https://ann:{PASSWORD}@git.test/r",
}  # fmt: skip


def assert_clean(*seen: object) -> None:
    """No secret is in any of these texts and bytes."""
    for each in seen:
        data = each if isinstance(each, bytes) else str(each).encode("utf-8", "surrogatepass")
        for secret in SECRETS:
            assert secret.encode() not in data, secret


def shown(found: Any, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Show it in all the ways there are."""
    caplog.clear()
    logging.getLogger("test").warning("found %s, %r", found, found)
    texts = [
        str(found),
        repr(found),
        f"{found}",
        pprint.pformat(found),
        repr([found]),
        caplog.text,
    ]
    texts += [found._repr_html_()] if hasattr(found, "_repr_html_") else []
    return [*texts, repr(vars(found))] if hasattr(found, "__dict__") else texts


def traceback_of(call: Any) -> str:
    """Let a call fail, and print it with the local variables of all frames, as reporters of errors do."""
    try:
        call()
    except Exception as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    pytest.fail("nothing failed")


@pytest.mark.parametrize("data", [FILE, CREDENTIAL, {"inner": {"deep": [FILE, CREDENTIAL]}}])
@pytest.mark.parametrize("snake_case", [True, False])
def test_responses_show_no_secret_and_hold_them_all(
    data: dict[str, Any], snake_case: bool, caplog: pytest.LogCaptureFixture
) -> None:
    response = Response(data, snake_case=snake_case)
    assert_clean(*shown(response, caplog))
    assert_clean(*shown(ListResponse([data], snake_case=snake_case), caplog))
    assert response.json(snake_case=False) == data
    assert pickle.loads(pickle.dumps(response)) == copy.deepcopy(response) == response

    def fail() -> None:
        each = response
        raise ValueError(f"cannot use {each}")

    assert_clean(
        traceback_of(fail), traceback_of(lambda: response.no_such_field), traceback_of(lambda: response["no"])
    )


def test_the_data_is_given_as_it_is() -> None:
    assert Response(FILE).file_url == SIGNED
    assert (Response(CREDENTIAL).password, Response(CREDENTIAL)["secretAccessKey"]) == (PASSWORD, PASSWORD)
    assert ListResponse([FILE]).to_pandas()["file_url"][0] == SIGNED


def test_pickles_hold_no_cookie() -> None:
    headers = {"Set-Cookie": f"session={SIGNATURE}", "X-RateLimit-Limit": "5"}
    for found in (Response({}, headers=headers), ListResponse([{}], headers)):
        assert_clean(pickle.dumps(found))
        assert pickle.loads(pickle.dumps(found)).rate_limit == 5


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """An endpoint of a server that says back what it was told, secrets and all."""

    def reply(request: Request) -> Reply:
        status = int(request.target.rpartition("/")[2].partition("?")[0])
        said = f"you sent Authorization: {request.headers['Authorization']} to {SIGNED}"
        body = {
            "html": f"<p>{said}</p>",
            "text": said,
            "json": json.dumps({"errorDescription": said, "code": "no", "errors": {"url": [said]}}),
            "list": json.dumps([said]),
            "odd": json.dumps({"message": {"password": PASSWORD, "said": [said]}}),
        }[request.target.split("/")[1]]
        return Reply(status, body.encode(), {"X-Request-Id": "r-1", "Content-Type": "text/html"})

    with served(reply) as server:
        monkeypatch.setenv("CIVIS_API_ENDPOINT", server.url)
        made = Endpoint({"api_key": KEY, "max_retries": 0})
        yield made
        made._session().close()


@pytest.mark.parametrize("kind", ["html", "text", "json", "list", "odd"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500])
def test_errors_of_a_server_that_repeats_secrets(
    endpoint: Endpoint, kind: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(CivisAPIError) as caught:
        endpoint._call_api("GET", f"{kind}/{status}", params={"token": SIGNATURE})
    error = caught.value
    assert error.status_code == status
    assert_clean(
        caplog.text, *shown(error, caplog), pickle.dumps(error), repr(error.args), repr(error.__dict__)
    )
    assert_clean(*(pickle.dumps(again) for again in (copy.copy(error), copy.deepcopy(error))))
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert_clean(traceback_of(lambda: endpoint._call_api("GET", f"{kind}/{status}")))


@pytest.mark.parametrize("body", [f"<p>{SIGNED}</p>", f"go to {SIGNED}", f'"{SIGNED}', f'{{"a": "{SIGNED}"'])
def test_answers_that_are_no_json(body: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = Answer(200, {"Content-Type": SIGNED}, body.encode(), "GET", SIGNED)
    assert_clean(traceback_of(lambda: wrap(answer)))
    with pytest.raises(CivisAPIError) as caught:
        wrap(answer)
    assert_clean(*shown(caught.value, caplog), pickle.dumps(caught.value))


@pytest.mark.parametrize("body", [f'{{"fileUrl": "{SIGNED}"}}', f'"{SIGNED}"'])
def test_pages_of_a_wrong_kind(body: str) -> None:
    class Odd:
        def _make_request(self, method: str, path: str, params: Any = None, data: Any = None) -> Answer:
            return Answer(200, {}, body.encode(), "GET", SIGNED)

    assert_clean(traceback_of(lambda: list(PaginatedResponse("jobs", None, Odd()))))


def test_a_wrong_return_type() -> None:
    answer = Answer(200, {}, f'{{"fileUrl": "{SIGNED}"}}'.encode(), "GET", SIGNED)
    assert_clean(traceback_of(lambda: wrap(answer, "camel")))


def test_failed_runs(caplog: pytest.LogCaptureFixture) -> None:
    failure = CivisJobFailure(f"could not read {SIGNED}", Response(FILE), 1, 2)
    assert_clean(*shown(failure, caplog), pickle.dumps(failure), repr(failure.args))
    assert failure.response.file_url == SIGNED
    assert str(failure) == "(From job 1 / run 2) could not read https://s3.test/b/k?***"


def test_the_address_of_an_error_has_no_query() -> None:
    error = api_error(Answer(404, {}, b"", "GET", f"https://u:{PASSWORD}@h/files/1?a=b&token={SIGNATURE}"))
    assert (error.method, error.url) == ("GET", "https://h/files/1")


def test_a_credential_and_a_file_of_the_local_platform(caplog: pytest.LogCaptureFixture) -> None:
    with Platform() as platform, platform.client() as client:
        file_id = store_a_file(client)
        file = client.files.get(file_id)
        query = file.file_url.partition("?")[2]
        assert query
        for found in (file, ListResponse([file]), client.credentials.list()):
            for text in shown(found, caplog):
                assert query not in text


def store_a_file(client: APIClient) -> int:
    return int(civis.io.file_to_civis(io.BytesIO(b"content"), "a.txt", client=client))
