"""E-mails that the platform would send, as files that one can read: nothing leaves this machine."""

from __future__ import annotations

import email
import email.policy
import os
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from civis.local.settings import Settings

__all__ = ["outbox_dir", "read_outbox", "write_mail"]

#: Where e-mails seem to come from; a name that nobody can own (RFC 2606).
_ADDRESS = "notifications@platform.invalid"


def outbox_dir(settings: Settings) -> Path:
    """Give the directory of the e-mails."""
    return settings.data_dir / "outbox"


def write_mail(folder: Path, id: int, mail: Mapping[str, Any], now: datetime) -> Path:
    """Put an e-mail into the outbox; the same one again replaces itself.

    Parameters
    ----------
    folder : Path
        Made where it is missing, readable by its owner only.
    id : int
        Later ones have higher ones.
    mail : mapping
        ``from``, ``reply_to``, ``to``, ``subject``, ``body``.
    now : datetime
        Aware.
    """
    message = EmailMessage()
    message["From"] = f"{_header(mail['from'])} <{_ADDRESS}>"
    message["To"] = ", ".join(_header(each) for each in mail["to"])
    if mail.get("reply_to"):
        message["Reply-To"] = _header(mail["reply_to"])
    message["Subject"] = _header(mail["subject"])
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{id}@platform.invalid>"
    message.set_content(str(mail["body"]))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{id:012d}.eml"
    incoming = path.with_suffix(".part")
    with open(os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(message.as_bytes())
    incoming.replace(path)
    return path


def read_outbox(folder: Path) -> list[EmailMessage]:
    """Read all e-mails, the oldest first.

    Parameters
    ----------
    folder : Path
    """
    found = []
    for path in sorted(folder.glob("*.eml")):
        with open(path, "rb") as file:
            message = email.message_from_binary_file(file, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        found.append(message)
    return found


def _header(value: object) -> str:
    """Give text that may stand in a header: a line break in it would begin another header."""
    return " ".join(str(value).split())
