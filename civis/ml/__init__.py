"""Machine learning by CivisML: models are trained, judged, used and shared on the platform.

Neither scikit-learn nor pandas is imported before something needs it, and no model is unpickled before it is
asked for.
"""

from __future__ import annotations

from civis.ml._errors import ModelError
from civis.ml._future import ModelFuture
from civis.ml._listing import list_models
from civis.ml._pipeline import ModelPipeline
from civis.ml._report import report_html
from civis.ml._shares import (
    delete_models_shares_groups,
    delete_models_shares_users,
    put_models_shares_groups,
    put_models_shares_users,
)

__all__ = [
    "ModelError",
    "ModelFuture",
    "ModelPipeline",
    "delete_models_shares_groups",
    "delete_models_shares_users",
    "list_models",
    "put_models_shares_groups",
    "put_models_shares_users",
    "report_html",
]
