"""What became of each client's operations, as it is kept for the table."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

RECORD = Path("build/clients.json")


@dataclass
class Outcomes:
    """By client, then by operation: `works`, `cannot`, `refused` or `fails`, then perhaps words."""

    cells: dict[str, dict[str, str]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def add(self, client: str, operation: str, outcome: str) -> None:
        self.cells.setdefault(client, {})[operation] = outcome

    def cell(self, client: str, operation: str) -> str:
        return self.cells.get(client, {}).get(operation, "not run")

    def write(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        values = {"versions": self.versions, "cells": self.cells}
        path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, path: Path) -> Outcomes:
        values = json.loads(path.read_text())
        return cls(values["cells"], values["versions"])


def verdict(outcome: str) -> str:
    """The outcome without its words."""
    return outcome.partition(":")[0]
