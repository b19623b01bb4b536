"""The report: one HTML page with a model's metrics, without anything that is loaded from elsewhere."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from typing import Any

__all__ = ["importances_of", "report_html"]

_SHOWN = ("accuracy", "roc_auc", "roc_auc_macroavg", "log_loss", "brier_score", "r_squared", "rmse", "mad")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body {{ font-family: sans-serif; margin: 2em auto; max-width: 70em }} img {{ max-width: 100% }}
td, th {{ text-align: left; padding: 0.2em 1em 0.2em 0 }}</style></head>
<body><h1>{title}</h1>{body}</body></html>
"""


def report_html(info: Mapping[str, Any], validation: Mapping[str, Any], model: Any = None) -> str:
    """Write the report on a training.

    Parameters
    ----------
    info : mapping
        The training's ``model_info.json``.
    validation : mapping
        Its ``metrics.json``.
    model : object, optional
        The fitted pipeline, whose feature importances are then shown too.

    Returns
    -------
    str
        An HTML page.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    from civis.ml._plots import draw_importances, draw_metrics  # noqa: PLC0415 - they need matplotlib

    targets = info["data"]["target_columns"]
    metrics = validation["metrics"]
    name = info["model"]["model"]
    parts = [_facts(info)]
    for target in targets:
        own = metrics if len(targets) == 1 else metrics[target]
        parts += [f"<h2>{html.escape(str(target))}</h2>", _numbers(own)]
        parts.append(_image(draw_metrics(metrics, targets, target), f"Metrics of {target}"))
    importances = {} if model is None else importances_of(model)
    if importances:
        parts += ["<h2>Features</h2>", _image(draw_importances(importances), "Importance of features")]
    if info["warnings"]:
        items = "".join(f"<li>{html.escape(str(each))}</li>" for each in info["warnings"])
        parts.append(f"<h2>Warnings</h2><ul>{items}</ul>")
    return _PAGE.format(title=html.escape(f"{name}: {', '.join(map(str, targets))}"), body="".join(parts))


def importances_of(model: Any) -> dict[str, float]:
    """Give the importance of each feature, or its coefficient, where the final estimator has such.

    Parameters
    ----------
    model : sklearn.pipeline.Pipeline

    Returns
    -------
    dict
        By the names of the columns that the final estimator sees; empty where it says nothing.
    """
    final = model.steps[-1][1] if hasattr(model, "steps") else model
    found = getattr(final, "feature_importances_", None)
    if found is None:
        found = getattr(final, "coef_", None)
    if found is None:
        return {}
    values = [float(each) for each in (found if getattr(found, "ndim", 1) == 1 else abs(found).mean(axis=0))]
    try:
        names = [str(each) for each in model[:-1].get_feature_names_out()]
    except Exception:  # a transformer of the user's own need not name its columns
        names = []
    if len(names) != len(values):
        names = [f"feature {number}" for number in range(len(values))]
    return dict(zip(names, values, strict=True))


def _facts(info: Mapping[str, Any]) -> str:
    """Tell what was trained on what."""
    data, model = info["data"], info["model"]
    rows = {
        "Rows": data.get("n_rows"),
        "Columns": data.get("n_columns"),
        "Calibration": model.get("calibration") or "none",
        "Parameters": model.get("parameters") or "the defaults",
        "Selection of features": model.get("feature_selection") or "none",
    }
    return _table(rows)


def _numbers(metrics: Mapping[str, Any]) -> str:
    """Show the metrics that are numbers."""
    shown = {name: metrics[name] for name in _SHOWN if isinstance(metrics.get(name), float)}
    return _table({name: f"{value:.6g}" for name, value in shown.items()})


def _table(rows: Mapping[str, Any]) -> str:
    """Write a table of names and values."""
    cells = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in rows.items()
    )
    return f"<table>{cells}</table>"


def _image(figure: Any, says: str) -> str:
    """Put a figure into the page itself."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    content = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{html.escape(says)}" src="data:image/png;base64,{content}">'
