"""Pictures of metrics, by matplotlib; needs nothing but what ``metrics.json`` holds."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

__all__ = ["draw_importances", "draw_metrics"]

_MOST_FEATURES = 20


class ShownFigure(Figure):
    """A figure that a notebook shows although nobody has loaded pyplot, which is what makes others shown."""

    def _repr_png_(self) -> bytes:
        """Draw it for a notebook."""
        drawn = io.BytesIO()
        self.savefig(drawn, format="png")
        return drawn.getvalue()


def draw_metrics(metrics: Mapping[str, Any], targets: Sequence[str], target: str | None = None) -> Figure:
    """Draw how good a model is.

    Parameters
    ----------
    metrics : mapping
        Of one target, or of several by their names.
    targets : sequence of str
        What the model predicts.
    target : str, optional
        The target to show; by default the first.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no such target.
    """
    shown = targets[0] if target is None else target
    if shown not in targets:
        raise ValueError(f"the model predicts {list(targets)}, not {shown!r}")
    own = metrics if len(targets) == 1 else metrics[shown]
    return _classes(own, shown) if "classes" in own else _numbers(own, shown)


def _classes(metrics: Mapping[str, Any], target: str) -> Figure:
    """Draw the metrics of a classification."""
    classes = [str(each) for each in metrics["classes"]]
    is_binary = "roc_curve" in metrics
    names = classes[1:] if is_binary else classes
    figure = ShownFigure(figsize=(12, 8), layout="constrained")
    axes = figure.subplots(2, 3).ravel()
    figure.suptitle(target)
    curves = {name: [metrics[name]] if is_binary else metrics[f"{name}_by_class"] for name in _CURVES}
    areas = [metrics["roc_auc"]] if is_binary else metrics["roc_auc"]
    for name, curve, area in zip(names, curves["roc_curve"], areas, strict=True):
        axes[0].plot(curve["fpr"], curve["tpr"], label=f"{name}: {area:.3f}")
    _dress(axes[0], "ROC curve", "share of false alarms", "share found", diagonal=True)
    for name, curve in zip(names, curves["calibration_curve"], strict=True):
        axes[1].plot(curve["mean_predicted"], curve["share_true"], marker="o", label=name)
    _dress(axes[1], "Calibration", "predicted probability", "true share", diagonal=True)
    deciles = [metrics["deciles"]] if is_binary else metrics["deciles"]
    for name, shares in zip(names, deciles, strict=True):
        axes[2].plot(range(1, len(shares) + 1), shares, marker="o", label=name)
    _dress(axes[2], "Deciles of the score", "decile, highest first", "true share")
    histogram = metrics["score_histogram"] if is_binary else metrics["score_histogram"][0]
    for key, label in (("true", names[0]), ("false", f"not {names[0]}")):
        axes[3].stairs(histogram[key], histogram["edges"], fill=True, alpha=0.5, label=label)
    _dress(axes[3], "Scores", f"probability of {names[0]}", "rows")
    _confusion(axes[4], metrics["confusion_matrix"], classes)
    axes[5].bar(classes, metrics["p_correct"])
    _dress(axes[5], "Correct", "class", "share predicted right", legend=False)
    return figure


_CURVES = ("roc_curve", "calibration_curve")


def _confusion(axes: Any, matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> None:
    """Draw a confusion matrix, with its numbers where they can be read."""
    axes.imshow(matrix, cmap="Blues")
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes)
    half = max(max(row) for row in matrix) / 2
    if len(classes) <= 10:
        for row, counts in enumerate(matrix):
            for column, count in enumerate(counts):
                color = "white" if count > half else "black"
                axes.text(column, row, str(count), ha="center", va="center", color=color)
    _dress(axes, "Confusion", "predicted", "true", legend=False)


def _numbers(metrics: Mapping[str, Any], target: str) -> Figure:
    """Draw the metrics of a regression."""
    figure = ShownFigure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots(1, 2)
    figure.suptitle(f"{target}: R² {metrics['r_squared']:.3f}, RMSE {metrics['rmse']:.4g}")
    for key, label in (("score_histogram", "predicted"), ("truth_histogram", "true")):
        axes[0].stairs(metrics[key]["counts"], metrics[key]["edges"], fill=True, alpha=0.5, label=label)
    _dress(axes[0], "Values", target, "rows")
    axes[1].plot(range(1, len(metrics["deciles"]) + 1), metrics["deciles"], marker="o")
    _dress(axes[1], "Deciles of the prediction", "decile, highest first", "mean of the truth", legend=False)
    return figure


def draw_importances(importances: Mapping[str, float]) -> Figure:
    """Draw how much features count, the most important ones on top.

    Parameters
    ----------
    importances : mapping
        By the features' names.
    """
    ranked = sorted(importances.items(), key=lambda each: -abs(each[1]))[:_MOST_FEATURES]
    figure = ShownFigure(figsize=(8, 0.3 * len(ranked) + 1), layout="constrained")
    axes = figure.subplots()
    axes.barh([name for name, _ in reversed(ranked)], [value for _, value in reversed(ranked)])
    _dress(axes, "Features", "importance or coefficient", "", legend=False)
    return figure


def _dress(
    axes: Any, title: str, across: str, up: str, *, diagonal: bool = False, legend: bool = True
) -> None:
    """Give a picture its title, its labels and perhaps a line to compare with."""
    axes.set_title(title)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    if diagonal:
        axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    if legend:
        axes.legend()
