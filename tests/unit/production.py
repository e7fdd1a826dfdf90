"""The template that goes to AWS, read once for all tests."""

from __future__ import annotations

from quillgate.deploy import template

TEMPLATE = template.load(template.repository())
