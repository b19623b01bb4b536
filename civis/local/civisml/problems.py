"""What is wrong with data, settings or a model, said so that its owner can put it right."""

from __future__ import annotations

__all__ = ["ModelProblem"]


class ModelProblem(ValueError):  # noqa: N818 - it reads as a sentence at the place that raises it
    """The job cannot be done with what it was given; the message names the value and what to do."""
