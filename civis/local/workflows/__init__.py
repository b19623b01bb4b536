"""Workflows that are run: an engine without clock or database, and what ties it to the platform."""

from __future__ import annotations
