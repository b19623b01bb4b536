"""Match targets: what people are matched with; the people themselves are with the hosted platform."""

from __future__ import annotations

from civis.local.services.object_kinds import ObjectKind, declare

__all__ = ["KIND"]

KIND = declare(
    ObjectKind("match_target", "/match_targets", "match target", defaults={"target_file_name": None})
)
