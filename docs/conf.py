"""How Sphinx builds the documentation; `tox -e docs` runs it. Nothing here needs a network or an account."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

from civis import __version__  # noqa: E402 - beside the extensions that the line above makes known

project = "civis"
author = "Civis Analytics"
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_click",
    "civis_pages",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_ext", "_templates"]
root_doc = "index"
highlight_language = "none"  # what is Python says so
default_role = "py:obj"  # `a name` in a docstring links to it where it is documented
toc_object_entries_show_parents = "hide"
smartquotes = False  # "--help" is to stay "--help"

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

# Named one by one: a page that is new since the last build would not be looked at.
autosummary_generate = [str(page) for page in sorted((HERE / "reference").glob("*.md"))]
autosummary_ignore_module_all = False
autodoc_typehints = "none"  # numpydoc's sections tell the types
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # the template of classes lists them
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = f"civis {__version__}"
html_static_path = ["_static"]
html_css_files = ["civis.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "civis"},
    "navbar_end": ["theme-switcher"],
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "collapse_navigation": True,  # a tree of all operations on every page would be most of the page
    "navigation_depth": 4,
    "show_toc_level": 1,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars: dict[str, list[str]] = {"index": [], "changelog": []}
