"""An object inside a policy document: what it must look like, and where it is when it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class MalformedPolicy(Exception):  # noqa: N818
    """The document breaks the grammar; the text says where."""


@dataclass(frozen=True)
class Choice:
    """One of the patterns, or none of them when negated (`NotAction` and the like)."""

    patterns: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Spot:
    """An object in the document, and where it is."""

    where: str
    value: Any

    def __post_init__(self) -> None:
        if not isinstance(self.value, Mapping):
            raise self.wrong("not an object", "write {...}")

    def wrong(self, what: str, advice: str) -> MalformedPolicy:
        """The error to raise for what is wrong here."""
        return MalformedPolicy(f"malformed policy: '{self.where}': {what} - {advice}")

    def only(self, members: set[str]) -> None:
        """Refuse elements that the grammar does not have here."""
        for member in self.value:
            if member not in members:
                raise self.wrong(f"unknown element '{member}'", f"use {', '.join(sorted(members))}")

    def texts(self, member: str) -> tuple[str, ...]:
        """One text, or a list of them."""
        found = self.value[member]
        values = found if isinstance(found, list) else [found]
        if not values or not all(isinstance(value, str) for value in values):
            raise self.wrong(f"{member} is no text or list of texts", "give at least one text")
        return tuple(values)

    def given(self, member: str) -> str:
        """Which of the two is here, `member` or its opposite: one of them must be."""
        names = [name for name in (member, f"Not{member}") if name in self.value]
        if len(names) != 1:
            raise self.wrong(f"{len(names)} of {member}, Not{member}", "give one of them")
        return names[0]

    def choice(self, member: str, form: re.Pattern[str]) -> Choice:
        """`member` or its opposite, whose texts are of this form."""
        name = self.given(member)
        texts = self.texts(name)
        for text in texts:
            if not form.fullmatch(text):
                raise self.wrong(f"{name} '{text}'", "see IAM's grammar of policies")
        return Choice(texts, negated=name != member)
