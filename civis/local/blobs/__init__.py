"""Contents of files on the local platform, and the signed URLs by which they come and go.

It knows keys and bytes; nothing of the API's routes, users or state. In use::

    blobs = Blobs(folder, secret=b"…", base_url=lambda: "http://127.0.0.1:8000/")
    key = blobs.new_key("a.csv")

    blobs.form_upload(key)               # {"upload_url": …, "upload_fields": {"key": …, …}}; `file` goes last
    blobs.part_urls(key, 3)              # PUT each part, then:
    blobs.complete_parts(key)            # BlobError names a part that was not sent
    blobs.download_url(key, filename="a.csv")

    with blobs.writer(key) as file:      # visible only when the block ends without an exception
        file.write(b"…")

The server mounts ``blobs.app`` at ``/blobs``; whoever holds a signed URL needs no credentials.
"""

from __future__ import annotations

from civis.local.blobs.blobs import Blobs
from civis.local.blobs.errors import BlobError, BlobNotFound

__all__ = ["BlobError", "BlobNotFound", "Blobs"]
