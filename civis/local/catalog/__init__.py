"""The API of the local platform, as data.

What the platform offers (paths, parameters, types, fields of answers) is written in YAML files: one file a
resource in ``resources/``, shapes that several resources share in ``shapes.yaml``, operations that many
objects have in ``families.yaml``, and wording in ``vocabulary.yaml``. This package compiles them into the
operations that the server routes and validates by, and into the Swagger 2.0 description that ``/endpoints``
serves. It knows nothing of HTTP, of state, or of what an operation does.

Examples
--------
>>> from civis.local.catalog import description, operations
>>> [operation.summary for operation in operations() if operation.path == "/endpoints"]
['Describe this API']
>>> description("base")["swagger"]
'2.0'
"""

from civis.local.catalog.errors import CatalogError
from civis.local.catalog.model import CatalogOperation, CatalogParameter, Outline, Paging, Type
from civis.local.catalog.reader import BASE_RESOURCES, operations, outlines
from civis.local.catalog.swagger import description

__all__ = [
    "BASE_RESOURCES",
    "CatalogError",
    "CatalogOperation",
    "CatalogParameter",
    "Outline",
    "Paging",
    "Type",
    "description",
    "operations",
    "outlines",
]
