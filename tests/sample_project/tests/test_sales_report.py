import pytest
import sales_report

from civis.base import CivisJobFailure


def test_amounts_are_added_up_by_region(civis_database):
    civis_database.execute("create table sales (region varchar, amount integer)")
    civis_database.execute("insert into sales values ('north', 1), ('north', 2), ('south', 5)")

    sales_report.write_totals(civis_database.table("sales"), civis_database.table("totals"))

    assert civis_database.rows("select * from totals order by region") == [("north", 3), ("south", 5)]


def test_a_missing_table_is_told(civis_database):
    with pytest.raises(CivisJobFailure, match="does not exist"):
        sales_report.write_totals(civis_database.table("sales"), civis_database.table("totals"))
    assert civis_database.tables() == []


def test_a_lost_answer_does_no_harm(civis_database, civis_faults):
    civis_database.execute("create table sales as select 'north' as region, 1 as amount")
    fault = civis_faults.drop("scripts.get_sql_runs")

    sales_report.write_totals(civis_database.table("sales"), civis_database.table("totals"))

    assert fault.happened == 1
    assert civis_database.rows("select * from totals") == [("north", 1)]
