"""Settings of the documentation site: `make docs` builds it from these pages and the package's docstrings, offline."""

import re
from typing import Any

project = "deblur_lightning"
author = "the deblur_lightning authors"

extensions = ["myst_parser", "sphinx.ext.apidoc", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "notebooks"]
suppress_warnings = ["ref.python"]  # names of attributes that several classes have

myst_heading_anchors = 4

apidoc_modules = [
    {
        "path": "../deblur_lightning",
        "destination": "api",
        "exclude_patterns": ["**/commands", "**/files", "**/cli.py", "**/__main__.py"],
        "separate_modules": True,
        "module_first": True,
        "automodule_options": {"members"},
    }
]
autodoc_default_options = {"ignore-module-all": True}
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = "deblur_lightning"
html_show_copyright = False
html_theme_options = {"top_of_page_buttons": []}


def escape_bars(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape the bars of formulas such as |H|^2, which reStructuredText takes for substitutions, outside literals."""
    for number, line in enumerate(lines):
        parts = re.split(r"(``.*?``)", line)
        lines[number] = "".join(part if part.startswith("``") else part.replace("|", r"\|") for part in parts)


def setup(app: Any) -> None:
    """Connect the hook."""
    app.connect("autodoc-process-docstring", escape_bars)
