"""How Sphinx builds the documentation: `nox -s docs`, or `sphinx-build -W docs OUT`."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for `generate`, the extension beside this file

project = "dtperf"
author = "The dtperf developers"
copyright = author
version = release = version_of("dtperf")

extensions = ["generate", "myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "generate", "static"]
suppress_warnings = ["ref.python"]  # `bytes` in a signature is Python's, and the name of two fields
smartquotes = False  # what is quoted is typed

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True
# a widget needs a kernel, and scripts of another place: what it prints is shown in its place
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_mime_priority_overrides = [("*", "application/vnd.jupyter.widget-view+json", None)]

default_role = "code"  # a name between single backticks in a docstring
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 90
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = "dtperf"
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_sphinx = False
