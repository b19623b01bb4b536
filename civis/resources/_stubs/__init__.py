"""Writes the types of an API for editors and type checkers, from the model of its description.

What comes out are the files of `civis.resources.types`; no program loads this package, only those who write
these files do. Knows neither HTTP nor the client.
"""

from civis.resources._stubs.files import FOLDER, differences, write_files
from civis.resources._stubs.modules import render

__all__ = ["FOLDER", "differences", "render", "write_files"]
