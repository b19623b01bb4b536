"""Adds up a table of sales by region, and writes the totals to another table."""

import os

import civis


def write_totals(source: str, target: str, database: str = "local") -> None:
    """Read `source`, add up the amounts, and write `target` anew."""
    sales = civis.io.read_civis(source, database, return_as="pandas")
    totals = sales.groupby("region", as_index=False)["amount"].sum()
    civis.io.dataframe_to_civis(totals, database, target, existing_table_rows="drop").result()


if __name__ == "__main__":
    write_totals(os.environ["SALES"], os.environ["TOTALS"])
