"""What goes wrong when the catalogue is read; it knows nothing of the catalogue's contents."""


class CatalogError(ValueError):
    """A catalogue file says something that cannot be understood."""
