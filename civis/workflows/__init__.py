"""Workflows: definitions are checked before they are sent.

>>> import civis.workflows
>>> civis.workflows.validate_workflow_yaml("{version: '2.0', workflow: {tasks: {a: {action: std.noop}}}}")
"""

from __future__ import annotations

from civis.workflows._validation import WorkflowValidationError, validate_workflow_yaml

__all__ = ["WorkflowValidationError", "validate_workflow_yaml"]
