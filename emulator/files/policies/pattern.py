"""Texts in a policy: wildcards, and variables filled in from the request.

IAM user guide, reference_policies_variables and reference_policies_elements_resource: `*` is any
run of characters, `?` is one; `${key}` is the value of a single-valued key of the request, taken as
it is; `${key, 'text'}` has a default; `${*}`, `${?}`, `${$}` are the characters themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

Context = Mapping[str, tuple[str, ...]]
"""Values of the request's condition keys, by key in lower case."""

# Spaces may stand in a name: "Cost Center" is a tag (IAM API reference, Tag).
_VARIABLE = re.compile(r"\$\{([^{},']+)(?:,\s*'((?:[^']|'')*)'\s*)?\}")


@dataclass(frozen=True)
class Pattern:
    """A text in pieces, each with whether its `*` and `?` are wildcards."""

    pieces: tuple[tuple[str, bool], ...]

    @property
    def text(self) -> str:
        """The text as it stands, for exact comparison."""
        return "".join(text for text, _ in self.pieces)

    def matches(self, value: str, *, ignore_case: bool = False) -> bool:
        """Compare the whole of `value`."""
        return _expression(self.pieces, ignore_case).fullmatch(value) is not None


def plain(text: str) -> Pattern:
    """A text without variables."""
    return Pattern(((text, True),))


def filled(text: str, context: Context | None) -> Pattern | None:
    """Fill the variables in; None when one has no value and no default.

    Without a context nothing is a variable, as before version 2012-10-17 of the language.
    """
    if context is None:
        return plain(text)
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        value = _value(found[1].strip(), found[2], context)
        if value is None:
            return None
        pieces += [(text[end : found.start()], True), (value, False)]
        end = found.end()
    return Pattern((*pieces, (text[end:], True)))


def _value(name: str, default: str | None, context: Context) -> str | None:
    if name in ("*", "?", "$"):
        return name
    values = context.get(name.lower(), ())
    if len(values) == 1:
        return values[0]
    return default.replace("''", "'") if default is not None else None


@lru_cache(maxsize=4096)
def _expression(pieces: tuple[tuple[str, bool], ...], ignore_case: bool) -> re.Pattern[str]:
    """Never more than length times pattern: what stands between two `*` is looked for once.

    The atomic groups see to it; a policy of many `*` could otherwise hold a thread for years.
    """
    runs = [""]
    for text, has_wildcards in pieces:
        for character in text:
            if has_wildcards and character == "*":
                runs.append("")
            else:
                runs[-1] += "." if has_wildcards and character == "?" else re.escape(character)
    first, *middle, last = runs if len(runs) > 1 else (runs[0], "")
    stars = "".join(f"(?>.*?{run})" for run in middle if run)
    rest = f"{stars}.*{last}" if len(runs) > 1 else ""
    return re.compile(first + rest, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
