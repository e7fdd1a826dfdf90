"""No `*` or `?` in a policy of `stack/` without a reason beside it, whichever template it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.unit.rendered_stack import TEMPLATES, loaded, source, statements
from tests.unit.role_table import table_of

IN_QUOTES = re.compile(r'"([^"]*)"')  # what `Sub` completes is no JSON yet
QUOTED = re.compile(r"`([^`]*[*?][^`]*)`")
BARE = """
Statement:
  # `a*`: a reason for something else.
  - Sid: One
    Effect: Allow
    Action: s3:Get*
    Resource: arn:aws:s3:::bucket
  - Sid: Two
    Effect: Allow
    Action: s3:GetObject
    Resource: !Sub ${Bucket}/*  # `/*`: the reason
Policy: !Sub |
  {"Statement": [{"Effect": "Allow", "Action": "s3:?et", "Resource": "a"}]}
# `s3:?et`: the reason
Completed: !Sub
  - |
    {"Statement": [{"Effect": "Allow", "Action": "s3:?et", "Resource": "a"}${More}]}
  - More: ""
"""


@dataclass(frozen=True)
class Wildcard:
    """A text with `*` or `?` in a statement, and what the comments beside the statement say."""

    line: int
    text: str
    comments: str

    @property
    def has_reason(self) -> bool:
        """Whether a comment quotes the part in question."""
        return any(quoted in self.text for quoted in QUOTED.findall(self.comments))


def wildcards(text: str, defaults: dict[str, str]) -> Iterator[Wildcard]:
    lines = text.splitlines()
    for node, named_at in _nodes(yaml.compose(text)):
        first, last = node.start_mark.line, node.end_mark.line
        if isinstance(node, yaml.MappingNode) and {"Effect", "Action"} <= _keys(node):
            comments = _above(lines, first) + _within(lines[first:last])
            texts = [each.value for each, _ in _nodes(node) if isinstance(each, yaml.ScalarNode)]
        elif isinstance(node, yaml.ScalarNode) and '"Effect"' in node.value:
            comments = _above(lines, named_at)
            texts = IN_QUOTES.findall(node.value)
        else:
            continue
        for found in (_filled(each, defaults) for each in texts):
            if "*" in found or "?" in found:
                yield Wildcard(first + 1, found, comments)


def _nodes(node: yaml.Node | None, named_at: int = 0) -> Iterator[tuple[yaml.Node, int]]:
    """The node and all below, each with the line of the key it is under."""
    if node is None:
        return
    yield node, named_at
    if isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _nodes(each, named_at)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _nodes(value, key.start_mark.line)


def _keys(node: yaml.MappingNode) -> set[str]:
    return {key.value for key, _ in node.value}


def _above(lines: list[str], first: int) -> str:
    """The comment that ends right above a line."""
    start = first
    while start and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    return "\n".join(lines[start:first])


def _within(lines: list[str]) -> str:
    return "\n".join(line.partition("#")[2] for line in lines)


def _filled(text: str, defaults: dict[str, str]) -> str:
    """With parameters' defaults in place: what is harmless by its name may hold a `*`."""
    filled = re.sub(r"\$\{(\w+)\}", lambda found: defaults.get(found[1], found[0]), text)
    return defaults.get(filled, filled)


def of(name: str) -> list[Wildcard]:
    parameters = loaded(name).get("Parameters", {})
    defaults = {key: str(it["Default"]) for key, it in parameters.items() if "Default" in it}
    return list(wildcards(source(name).read_text(), defaults))


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_has_a_reason_beside_it(name: str) -> None:
    assert [f"{name}:{it.line}: {it.text}" for it in of(name) if not it.has_reason] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_none_is_overlooked(name: str) -> None:
    """In as many statements as the template has when it is loaded, written as text or not."""
    plain = [each for each in statements(loaded(name)) if re.search("[*?]", json.dumps(each))]
    written = [each for each in _texts(loaded(name)) if '"Effect"' in each]
    texts = [each for each in written if re.search(r'"[^"]*[*?]', each)]
    assert len({it.line for it in of(name)}) >= len(plain) + len(texts)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from _texts(child)


def test_one_without_a_reason_is_found() -> None:
    found = list(wildcards(BARE, {}))
    assert [it.text for it in found] == ["s3:Get*", "${Bucket}/*", "s3:?et", "s3:?et"]
    assert [it.has_reason for it in found] == [False, True, False, True]


def test_a_wildcard_in_a_parameter_is_found() -> None:
    [found] = wildcards("{Effect: Allow, Action: a, Resource: !Ref Pattern}", {"Pattern": "*/x"})
    assert found.text == "*/x"


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_template_has_a_table_of_who_may_do_what(name: str) -> None:
    assert table_of(name).is_file(), f"write {table_of(name)} and a test like test_roles_template"
