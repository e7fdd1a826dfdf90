"""What the pages tell people to type, to open and to read is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from quillgate.deploy.template import repository
from tests.unit.test_cli import commands

ROOT = repository()
PAGES = [ROOT / "README.md", ROOT / "stack" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = "docs|stack|watchdog|emulator|quillgate|tests|benchmarks"
COMMANDS = dict(commands())

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def code(page: Path) -> Iterator[str]:
    """What is set as code, line by line: in blocks, and between backticks."""
    for block, words in re.findall(r"```\w*\n(.*?)```|`([^`]+)`", page.read_text(), re.S):
        yield from block.replace("\\\n", "").splitlines() or [" ".join(words.split())]


def anchors(page: Path) -> set[str]:
    """What the headings become in an address."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def command(words: list[str]) -> str:
    """The command that a line begins with, `users keys add` for one; "" where there is none."""
    beginnings = (" ".join(words[:count]) for count in (3, 2, 1))
    return next((each for each in beginnings if each in COMMANDS), "")


@each_page
def test_commands_and_their_options_exist(page: Path) -> None:
    for line in code(page):
        for told in re.findall(r"(?:^|[ /(])quillgate ([^#)|;]+)", line):
            words = told.split()
            assert command(words), told
            known = {each for one in COMMANDS[command(words)].params for each in one.opts}
            assert {each for each in words if each.startswith("--")} <= {"--help", *known}, told


def test_commands_in_the_templates_words_exist() -> None:
    text = " ".join((ROOT / "stack" / "template.yaml").read_text().split())
    told = re.findall(r"(?<= quillgate )[a-z]+(?: [a-z]+)?", text)
    assert told
    assert all(command(each.split()) for each in told), told


@each_page
def test_make_targets_exist(page: Path) -> None:
    known = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    for line in code(page):
        for target in re.findall(r"^(?:\$ )?make ([a-z./-]+)", line):
            assert target in {*known, ".venv/ready"}, line


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in link:
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


@each_page
def test_files_that_are_named_exist(page: Path) -> None:
    for line in code(page):
        for path in re.findall(rf"(?<![\w./-])(?:{FOLDERS})/[\w./-]*\w", line):
            assert (ROOT / path).exists(), line
