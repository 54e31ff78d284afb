"""Renderers: Report -> str."""

from calibrate.renderers.documents.json import render_json
from calibrate.renderers.documents.markdown import render_markdown
from calibrate.renderers.documents.text import render_text

__all__ = ["render_json", "render_markdown", "render_text"]
