"""The version, as a constant: reading package metadata at import costs more than the rest of the import."""

__version__ = "3.0.0"
