"""A form's fields and file, read from a stream as it comes in: no file is ever held in memory.

It knows ``multipart/form-data`` only; what the fields mean is decided elsewhere.
"""

from __future__ import annotations

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from civis.local.blobs.errors import BlobError

__all__ = ["FormReader"]

_MOST_FIELD_BYTES = 64 * 1024


class FormReader:
    """Takes a form apart: feed it chunks, and take the file's bytes from :attr:`pending` as they gather.

    Parameters
    ----------
    content_type : str
        The request's, with its boundary.
    """

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise BlobError(f"send a form as multipart/form-data with a boundary, not {content_type!r}")
        self.fields: dict[str, str] = {}
        self.pending = bytearray()
        self.has_file = False
        self.is_complete = False
        self._header_name = b""
        self._header_value = b""
        self._part_name: str | None = None
        self._value = bytearray()
        self._field_bytes = 0
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._add_header_name,
                "on_header_value": self._add_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._add_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Read the next bytes of the request; :exc:`BlobError` if they are no form."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise BlobError(f"the form cannot be read: {error}") from None

    def _begin_part(self) -> None:
        self._part_name = None
        self._value.clear()

    def _add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            _, options = parse_options_header(self._header_value)
            self._part_name = options.get(b"name", b"").decode("utf-8", "replace")
        self._header_name = self._header_value = b""

    def _end_headers(self) -> None:
        if not self._part_name:
            raise BlobError("a part of the form has no name")
        if self._part_name == "file":
            if self.has_file:
                raise BlobError("the form has more than one file; send one form for each")
            self.has_file = True

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._part_name == "file":
            self.pending += memoryview(data)[start:end]
            return
        self._field_bytes += end - start
        if self._field_bytes > _MOST_FIELD_BYTES:
            raise BlobError("the form's fields are too long; the content belongs in the field 'file'")
        self._value += data[start:end]

    def _end_part(self) -> None:
        # What follows the file is not part of what was permitted (as on S3).
        if self._part_name != "file" and not self.has_file:
            self.fields[str(self._part_name)] = self._value.decode("utf-8", "replace")

    def _end(self) -> None:
        self.is_complete = True
