"""Client library for Civis Platform."""

from civis._version import __version__

__all__ = ["__version__"]
