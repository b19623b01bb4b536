"""Stand-ins for a client, for tests that need no platform at all.

They check names and keywords and answer what a test tells them to; for tests in which tables, files and jobs
behave, see `civis.testing`.
"""

from civis.tests._client_mock import create_client_mock
from civis.tests._container_mock import create_client_mock_for_container_tests

__all__ = ["create_client_mock", "create_client_mock_for_container_tests"]
