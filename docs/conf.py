"""The documentation site, built by Sphinx: `./dev docs`."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

_PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "sealock"
author = "The sealock authors"
extensions = ["myst_parser", "accessible"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["decisions/README.md"]
language = "en"
smartquotes = False  # an option is --fix, with two hyphens
nitpicky = True
suppress_warnings = [
    "toc.not_included",  # 279 rules in the table of contents of each page are more than a reader wants
    "misc.highlighting_failure",  # the rules' examples of what does not parse
]

# Headings are link targets under the names that forges give them, so that links work on both.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

html_theme = "furo"
html_title = "sealock"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "top_of_page_buttons": [],
    "source_repository": _PROJECT["urls"]["Repository"],
    "source_branch": "main",
    "source_directory": "docs/",
    "light_css_variables": {"color-code-background": "#f3f4f6"},
}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
