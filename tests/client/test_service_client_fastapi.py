"""A FastAPI service as people write them, called through `ServiceClient`: every kind of argument."""

from __future__ import annotations

import asyncio
import enum
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pytest

from civis._errors import CivisAPIError
from civis._spec import load_spec
from civis.response import ListResponse, Response
from civis.service_client import ServiceClient
from tests._servers import json_reply, served, wait_until

fastapi = pytest.importorskip("fastapi")
pydantic = pytest.importorskip("pydantic")
uvicorn = pytest.importorskip("uvicorn")

KEY, TOKEN = "sEcReT-kEy", "ToKeN-0123"


class Colour(str, enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(pydantic.BaseModel):
    width: float
    height: float | None = None


class Item(pydantic.BaseModel):
    name: str
    sizes: list[Size] = pydantic.Field(default_factory=list)
    colour: Colour = Colour.RED
    extra: dict[str, int] = pydantic.Field(default_factory=dict)
    from_: str | None = pydantic.Field(default=None, alias="from")


class Filters(pydantic.BaseModel):
    limit: int = 10
    tags: list[str] = pydantic.Field(default_factory=list)


Header, Query, Cookie, Body, Form, File = (
    getattr(fastapi, name) for name in ("Header", "Query", "Cookie", "Body", "Form", "File")
)


def make_app(service: Service) -> Any:  # noqa: C901 - a function for each kind
    """The service: behind the platform's gate, one operation for each kind of argument."""
    app = fastapi.FastAPI(title="Kinds")

    @app.middleware("http")
    async def gate(request: Any, call_next: Any) -> Any:
        service.seen.append({name.lower(): value for name, value in request.headers.items()})
        if request.query_params.get("token") == TOKEN:
            service.sign_ins += 1
            answer = fastapi.Response(status_code=204)
            answer.set_cookie("signed", str(service.generation), httponly=True)
            return answer
        if request.cookies.get("signed") != str(service.generation):
            return fastapi.responses.JSONResponse({"detail": "who are you?"}, 401)
        return await call_next(request)

    @app.get("/paths/{number}/{word}/{colour}")
    def read_path(number: int, word: str, colour: Colour) -> Any:
        return [{"number": number, "word": word, "colour": colour}]

    @app.get("/queries")
    def read_query(
        needed: int,
        flag: bool = False,
        ratio: float | None = None,
        words: Annotated[list[str], Query()] = [],  # noqa: B006 - FastAPI's way
        colours: Annotated[list[Colour] | None, Query(alias="colour-names")] = None,
    ) -> Any:
        return {"needed": needed, "flag": flag, "ratio": ratio, "words": words, "colours": colours}

    @app.get("/models")
    def read_model(filters: Annotated[Filters, Query()]) -> Any:
        return filters

    @app.get("/headers")
    def read_header(
        x_token: Annotated[str, Header()],
        x_many: Annotated[list[str] | None, Header()] = None,
        session_id: Annotated[str | None, Cookie()] = None,
        lang: Annotated[str, Cookie()] = "en",
    ) -> Any:
        return {"token": x_token, "many": x_many, "sessionId": session_id, "lang": lang}

    @app.post("/items", status_code=201)
    def add_item(item: Item) -> Item:
        return item

    @app.put("/items/{item_id}")
    def put_item(item_id: int, item: Item, size: Size, note: Annotated[str, Body()] = "") -> Any:
        return {"id": item_id, "item": item, "size": size, "note": note}

    @app.patch("/items/{item_id}")
    def patch_item(item_id: int, size: Size | None = None) -> Any:
        return {"id": item_id, "size": size}

    @app.post("/numbers")
    def add_numbers(numbers: list[int]) -> Any:
        return {"total": sum(numbers)}

    @app.post("/counts")
    def count(counts: dict[str, int]) -> Any:
        return counts

    @app.post("/words")
    def say(word: Annotated[str, Body()]) -> Any:
        return {"word": word}

    @app.post("/forms")
    def fill(
        name: Annotated[str, Form()],
        tags: Annotated[list[str] | None, Form()] = None,
        agree: Annotated[bool, Form()] = False,
    ) -> Any:
        return {"name": name, "tags": tags, "agree": agree}

    @app.post("/uploads")
    async def upload(
        first: fastapi.UploadFile,
        others: list[fastapi.UploadFile] | None = None,
        note: Annotated[str, Form()] = "",
    ) -> Any:
        files = [first, *(others or [])]
        told = [
            {"name": each.filename, "type": each.content_type, "text": (await each.read()).decode()}
            for each in files
        ]
        return {"files": told, "note": note}

    @app.post("/raw")
    def raw(content: Annotated[bytes, File()]) -> Any:
        return {"length": len(content)}

    @app.delete("/items/{item_id}", status_code=204)
    def drop(item_id: int) -> None:
        pass

    @app.get("/old", deprecated=True)
    def old() -> Any:
        return {"id": 1}

    @app.get("/from/{self}")
    def keywords(
        self: int,
        client: str = "",
        iterator: str = "",
        args: str = "",
        kwargs: str = "",
        lambda_: Annotated[str, Query(alias="lambda")] = "",
    ) -> Any:
        return {"self": self, "client": client, "iterator": iterator, "args": args, "lambda": lambda_}

    return app


@dataclass
class Service:
    """What the test sees of the running service."""

    url: str = ""
    sign_ins: int = 0
    generation: int = 1
    seen: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    service = Service()
    config = uvicorn.Config(make_app(service), host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        wait_until(lambda: server.started)
        service.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
        yield service
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def client(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceClient]:
    deployment = {"displayUrl": f"{service.url}?token={TOKEN}"}
    with served(
        lambda request: json_reply({"currentUrl": service.url, "currentDeployment": deployment})
    ) as platform:
        monkeypatch.setenv("CIVIS_API_ENDPOINT", platform.url)
        with ServiceClient(7, swagger_path="/openapi.json", api_key=KEY) as client:
            yield client


ITEM = {"name": "a", "sizes": [{"width": 1.5, "height": None}], "colour": "blue", "extra": {"k": 1}}
SENT_ITEM = {**ITEM, "from": None}
#: By word: the method, its arguments, and what comes back.
CALLS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], Any]] = {
    "path": (
        "paths.get_word_colour",
        (3, "a b?ç", Colour.RED),
        {},
        [{"number": 3, "word": "a b?ç", "colour": "red"}],
    ),
    "query, the defaults": (
        "queries.get",
        (1,),
        {},
        {"needed": 1, "flag": False, "ratio": None, "words": [], "colours": None},
    ),
    "query": (
        "queries.get",
        (1,),
        {"flag": True, "ratio": 0.5, "words": ["a,b", "c"], "colour_names": ["red", "blue"]},
        {"needed": 1, "flag": True, "ratio": 0.5, "words": ["a,b", "c"], "colours": ["red", "blue"]},
    ),
    "query as a model": ("models.get", (), {"limit": 3, "tags": ["a"]}, {"limit": 3, "tags": ["a"]}),
    "header": (
        "headers.get",
        ("t",),
        {"x_many": ["a", "b"]},
        {"token": "t", "many": ["a,b"], "sessionId": None, "lang": "en"},
    ),
    "cookie": (
        "headers.get",
        ("t",),
        {"session_id": "a b;c", "lang": "ç"},
        {"token": "t", "many": None, "sessionId": "a b;c", "lang": "ç"},
    ),
    "body, nested": ("items.post", (), {**ITEM, "from": None}, SENT_ITEM),
    "body, the defaults": (
        "items.post",
        ("a",),
        {},
        {"name": "a", "sizes": [], "colour": "red", "extra": {}, "from": None},
    ),
    "several bodies": (
        "items.put",
        (5, ITEM, {"width": 1}),
        {"note": "n"},
        {"id": 5, "item": SENT_ITEM, "size": {"width": 1.0, "height": None}, "note": "n"},
    ),
    "optional body": ("items.patch", (5,), {}, {"id": 5, "size": None}),
    "optional body, passed": (
        "items.patch",
        (5,),
        {"width": 2},
        {"id": 5, "size": {"width": 2.0, "height": None}},
    ),
    "array body": ("numbers.post", ([1, 2],), {}, {"total": 3}),
    "body of any keys": ("counts.post", ({"aKey": 1},), {}, {"aKey": 1}),
    "body of one text": ("words.post", ("w",), {}, {"word": "w"}),
    "form": (
        "forms.post",
        ("a&b=ç",),
        {"tags": ["x", "y"], "agree": True},
        {"name": "a&b=ç", "tags": ["x", "y"], "agree": True},
    ),
    "nothing back": ("items.delete", (5,), {}, {}),
    "names that Python or the client has": (
        "from_.get",
        (),
        {"self": 1, "client": "c", "iterator": "i", "args": "a", "lambda": "l"},
        {"self": 1, "client": "c", "iterator": "i", "args": "a", "lambda": "l"},
    ),
}


def called(client: ServiceClient, dotted: str) -> Any:
    """The method of a name such as ``items.post``."""
    resource, name = dotted.split(".")
    return getattr(getattr(client, resource), name)


@pytest.mark.parametrize("word", CALLS)
def test_kinds(word: str, client: ServiceClient) -> None:
    method, args, kwargs, wanted = CALLS[word]
    result = called(client, method)(*args, **kwargs)
    assert result.json(snake_case=False) == wanted
    assert type(result) is (ListResponse if isinstance(wanted, list) else Response)


def test_every_operation_can_be_called(client: ServiceClient) -> None:
    for operation in client._api.operations():
        assert operation.problem is None
        assert called(client, f"{operation.resource}.{operation.name}").__doc__
    assert "first : file\n    A path, an open file" in client.uploads.post.__doc__
    assert "others : list[file], optional\n" in client.uploads.post.__doc__
    assert "name : str" in client.items.post.__doc__


def test_files(client: ServiceClient, tmp_path: Path) -> None:
    path = tmp_path / "ç.csv"
    path.write_text("1,2")
    with path.open("rb") as file:
        told = client.uploads.post(file, others=[path, b"bytes", ("x.txt", b"named")], note="n")
    assert [(each.name, each.type, each.text) for each in told.files] == [
        ("ç.csv", "text/csv", "1,2"),
        ("ç.csv", "text/csv", "1,2"),
        ("others", "application/octet-stream", "bytes"),
        ("x.txt", "text/plain", "named"),
    ]
    assert told.note == "n"
    assert client.raw.post(b"12345").length == 5
    with pytest.raises(TypeError, match="a file is a path, an open file, bytes"):
        client.uploads.post(5)


def test_what_the_service_refuses(client: ServiceClient) -> None:
    with pytest.raises(CivisAPIError, match="422"):
        client.queries.get("many")
    with pytest.raises(TypeError, match="Did you mean 'words'"):
        client.queries.get(1, wrds=["a"])
    with pytest.raises(ValueError, match="cannot stand in a header"):
        client.headers.get("a\r\nX-Other: b")
    with pytest.warns(UserWarning, match=r"sizes\[0\] has no key 'widht'. Did you mean 'width'"):  # noqa: SIM117
        with pytest.raises(CivisAPIError, match="422"):
            client.items.post("a", sizes=[{"widht": 1}])
    with pytest.warns(FutureWarning, match="deprecated"):
        assert client.old.get().id == 1


def test_one_sign_in_for_many_threads(client: ServiceClient, service: Service) -> None:
    before = service.sign_ins
    _ = client.items
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: client.queries.get(number).needed, range(64)))
    assert found == list(range(64))
    assert service.sign_ins == before + 1
    service.generation += 1  # the service forgets its users
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: client.queries.get(number).needed, range(64)))
    assert found == list(range(64))
    assert service.sign_ins == before + 2


def test_many_threads_begin(client: ServiceClient, service: Service) -> None:
    before = service.sign_ins
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: client.queries.get(number).needed, range(32)))
    assert found == list(range(32))
    assert service.sign_ins == before + 1


def test_the_key_stays_with_the_platform(client: ServiceClient, service: Service) -> None:
    client.queries.get(1)
    assert service.seen
    assert not any("authorization" in headers for headers in service.seen)
    assert not any(KEY in value for headers in service.seen for value in headers.values())


def test_below_a_path(service: Service, client: ServiceClient) -> None:
    """A service that a proxy offers below a path says so in ``servers``."""
    spec = client.get_api_spec()
    api = load_spec({**spec, "servers": [{"url": "/proxied"}]}, platform=False)
    assert api.resources["old"].operations["get"].path == "/proxied/old"
    elsewhere = load_spec({**spec, "servers": [{"url": "https://elsewhere.example/v1"}]}, platform=False)
    assert elsewhere.resources["old"].operations["get"].path == "/old"
