"""Bodies that are no JSON: forms, files, and contents that are sent as they are.

A service's uploads are held in memory; large files go to the platform by `civis.io.file_to_civis`.
"""

from __future__ import annotations

import json
import mimetypes
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from civis._spec import Operation, Parameter
from civis.resources._values import UnsendableError, json_value, scalar

#: A file to send: its name, its content, and what it holds.
File = tuple[str, bytes, str]
Values = Sequence[tuple[Parameter, object]]


def encode_content(operation: Operation, values: Values) -> tuple[bytes, str]:
    """Write a body that is no JSON; gives it with its content type.

    Raises
    ------
    UnsendableError
        If a value has no form in such a body.
    OSError
        If a file cannot be read.
    """
    if operation.body_type == "multipart/form-data":
        from urllib3.filepost import encode_multipart_formdata  # noqa: PLC0415 - takes 40 ms to import

        content, content_type = encode_multipart_formdata(list(_parts(operation, values)))
        return content, content_type
    if operation.body_type == "application/x-www-form-urlencoded":
        pairs = [pair for parameter, value in values for pair in _pairs(operation, parameter, value)]
        return urlencode(pairs).encode(), operation.body_type
    return _content(values[0][1] if values else b""), operation.body_type


def _parts(operation: Operation, values: Values) -> Iterator[tuple[str, Any]]:
    """Give the fields of a form of many parts: texts, files, and objects as JSON."""
    for parameter, value in values:
        items = parameter.schema.items
        is_file = parameter.schema.is_file or (items is not None and items.is_file)
        if is_file and value is not None:
            many = value if isinstance(value, list) else [value]
            yield from ((parameter.wire_name, _file(parameter, each)) for each in many)
        else:
            yield from _pairs(operation, parameter, value)


def _pairs(operation: Operation, parameter: Parameter, value: object) -> Iterator[tuple[str, str]]:
    """Give the fields that one argument makes; a form has none for None."""
    plain = json_value(value)
    if plain is None:
        return
    if not isinstance(plain, list):
        yield parameter.wire_name, _text(operation, plain)
        return
    texts = [_text(operation, each) for each in plain]
    if parameter.array_style == "commas":
        yield parameter.wire_name, ",".join(texts)
        return
    for text in texts:
        yield parameter.wire_name, text


def _text(operation: Operation, plain: object) -> str:
    """Write one value for a field."""
    return json.dumps(plain) if isinstance(plain, (dict, list)) else scalar(plain, operation.is_platform)


def _file(parameter: Parameter, value: Any) -> File:
    """Read a file: a path, an open one, bytes, or a tuple of a name and one of these."""
    name, source, *kind = value if isinstance(value, tuple) and len(value) in (2, 3) else (None, value)
    if name is None:
        path = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", None)
        name = os.path.basename(path) if isinstance(path, (str, os.PathLike)) else parameter.wire_name
    name = str(name)
    content_type = kind[0] if kind else mimetypes.guess_type(name)[0] or "application/octet-stream"
    return name, _content(source), str(content_type)


def _content(source: Any) -> bytes:
    """Give the bytes of a file: its path, the open file, or the bytes themselves."""
    if isinstance(source, (str, os.PathLike)):
        return Path(source).read_bytes()
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    read = getattr(source, "read", None)
    if not callable(read):
        raise UnsendableError(
            "a file is a path, an open file, bytes or a tuple (name, one of these), "
            f"not {type(source).__name__}"
        )
    content = read()
    return content.encode() if isinstance(content, str) else bytes(content)
