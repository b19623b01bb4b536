"""Figures are shown by a notebook in which nobody has loaded pyplot."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib")

from civis.ml._plots import draw_metrics


def test_a_figure_draws_itself() -> None:
    histogram = {"counts": [1, 2], "edges": [0, 1, 2]}
    metrics = {"r_squared": 0.9, "rmse": 0.1, "score_histogram": histogram, "truth_histogram": histogram}
    figure = draw_metrics({**metrics, "deciles": [1, 2]}, ["target"])
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
