"""schemathesis, driven by the description that a platform serves, finds no 5xx and no answer that breaks it.

Run by ``tox -e fuzz``; ``CIVIS_FUZZ_SECONDS`` is how long it looks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

pytest.importorskip("schemathesis", reason="needs schemathesis: tox -e fuzz")
pytest.importorskip("duckdb")

from civis.local import Platform
from tests.local.fuzz.aimed import aimed_description
from tests.local.services.examples import Examples
from tests.local.services.other_examples import fill_more

pytestmark = pytest.mark.slow
SECONDS = int(os.environ.get("CIVIS_FUZZ_SECONDS", "300"))
#: Where "st" takes the key from, so that it stands in no command line.
_CONFIG = '[auth.openapi.api_key]\napi_key = "Bearer ${CIVIS_FUZZ_KEY}"\n'
_OPTIONS = (
    *("--phases", "examples,coverage,fuzzing"),
    *("--checks", "not_a_server_error,response_schema_conformance"),
    *("--workers", "2", "--max-time", str(SECONDS), "--warnings", "off", "--no-color"),
    "--continue-on-failure",
)


@pytest.fixture
def examples() -> Iterator[Examples]:
    """A platform with an example of each kind; it starts no runs, whose programs would be random text."""
    with Platform(is_working=False) as platform, requests.Session() as session:
        session.auth = (platform.api_key, "")
        examples = Examples(platform, session)
        examples.fill()
        fill_more(examples)
        yield examples


def test_no_operation_breaks_its_description(examples: Examples, tmp_path: Path) -> None:
    description, config = tmp_path / "description.json", tmp_path / "schemathesis.toml"
    description.write_text(json.dumps(aimed_description(examples)), encoding="utf-8")
    config.write_text(_CONFIG, encoding="utf-8")
    url = examples.platform.url.rstrip("/")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    found = subprocess.run(
        [*command, str(description), "--url", url, *_OPTIONS],
        cwd=tmp_path,
        env={**os.environ, "CIVIS_FUZZ_KEY": examples.platform.api_key, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=SECONDS * 3 + 300,
    )
    assert found.returncode == 0, found.stdout[-50_000:]
