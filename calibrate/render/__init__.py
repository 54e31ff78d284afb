"""Renderers: Report -> str."""

from calibrate.render.json import render_json
from calibrate.render.markdown import render_markdown
from calibrate.render.text import render_text

__all__ = ["render_json", "render_markdown", "render_text"]
