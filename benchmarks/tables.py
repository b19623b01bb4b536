"""Medians, spreads and ratios as a table that a person can read."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Table:
    """Rows of measurements of one kind.

    Parameters
    ----------
    title : str
        What was measured.
    unit : str
        The unit of every value.
    """

    title: str
    unit: str
    rows: list[tuple[str, float, float, float]] = field(default_factory=list)

    def add(self, name: str, values: Sequence[float]) -> float:
        """Add a row of repeated measurements and return their median."""
        median = statistics.median(values)
        self.rows.append((name, median, min(values), max(values)))
        return median

    def median(self, name: str) -> float:
        """Return the median of one row."""
        return next(median for row, median, _, _ in self.rows if row == name)

    def show(self, base: str) -> None:
        """Print the table, each row with its ratio to the row named ``base``."""
        reference = self.median(base)
        print(f"\n{self.title} ({self.unit}; median, least to most; ratio to {base})")
        for name, median, least, most in self.rows:
            print(f"  {name:<44} {median:>10.4g}   {least:>9.4g} to {most:<9.4g} {median / reference:>8.3f}")


def main_parser(description: str, repeats: int) -> argparse.ArgumentParser:
    """Make a parser of the arguments that every program takes; print what is measured on."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--json", type=Path, help="keep the figures in this file")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    return parser


def main_arguments(description: str, repeats: int) -> argparse.Namespace:
    """Parse the arguments that every program takes."""
    return main_parser(description, repeats).parse_args()


def keep(path: Path | None, tables: Sequence[Table]) -> None:
    """Write the figures to a file where one was asked for."""
    if path:
        path.write_text(json.dumps([vars(table) for table in tables], indent=1))
