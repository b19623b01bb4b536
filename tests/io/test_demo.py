"""The demo on the flights of 2013: the main job, end to end, as `civis local demo` does it."""

from __future__ import annotations

import pandas as pd
import pytest

from civis.cli import demo
from civis.local import Platform


def test_the_main_job_on_real_data():
    lines: list[str] = []
    with Platform() as platform:
        demo.run(platform.client(), lines.append)
    text = "\n".join(lines)
    assert "336,776 rows × 19" in text
    assert "6,398,744 values equal" in text
    assert text.count("✓") == 8


def test_a_value_that_changed_is_found():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    demo.assert_same_rows(frame, frame.iloc[::-1])
    with pytest.raises(demo.DemoError, match="not what went in"):
        demo.assert_same_rows(frame, frame.assign(a=[1, 3]))
    with pytest.raises(demo.DemoError, match="columns"):
        demo.assert_same_rows(frame, frame[["a"]])
