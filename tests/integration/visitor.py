"""Somebody at the console, in a browser without JavaScript."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2

from tests.integration.support import Environment


@dataclass(frozen=True)
class Visitor:
    """Loads pages and sends their forms; pages are given as what they say, without tags."""

    client: httpx2.Client

    def see(self, path: str, **query: str) -> str:
        """A page; redirects are followed."""
        return words(self.client.get(path, params=query or None))

    def order(self, path: str, *, at: str, **fields: str) -> str:
        """Send the first form that the page `at` has with that beginning of an address."""
        page = self.client.get(at).text
        ways = [html.unescape(each) for each in re.findall(r'action="([^"]*)"', page)]
        way = next(each for each in ways if each.startswith(path))
        return words(self.client.post(way, data={"csrf": _csrf(page), **fields}))

    def field(self, name: str, *, at: str) -> list[str]:
        """The values of the page's fields of that name."""
        found = re.findall(rf'name="{name}" value="([^"]*)"', self.client.get(at).text)
        return [html.unescape(each) for each in found]


@contextmanager
def visitor(environment: Environment, role: str) -> Iterator[Visitor]:
    """Who chooses that role."""
    url = environment.console_url
    with httpx2.Client(base_url=url, timeout=60, follow_redirects=True, trust_env=False) as client:
        found = Visitor(client)
        found.order("/role", at="/changes", role=role)
        yield found


def words(answer: httpx2.Response) -> str:
    """What a good page says."""
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", answer.text)))


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])
