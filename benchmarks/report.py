"""From raw seconds to what is told: medians, their ratios to sshd on disk, and the goals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median, quantiles
from typing import Any

from tests.integration.alone import Journey

LIMIT = "sshd"
SERVER_GOALS = {
    "put 200 MB": 2.0,
    "get 200 MB": 2.0,
    "put 300 x 4 KB": 6.0,
    "get 300 x 4 KB": 6.0,
    "ls -l 10,000": 4.0,
    "login": 1.0,
}
MOUNT_GOALS = {"put 200 MB": 4.0, "put 300 x 4 KB": 16.0, "ls -l 300": 4.0}
# Our server on the peers' S3, in the whole environment, and OpenSSH on our mount of that S3.
GOALS = {"ours": SERVER_GOALS, "embedded": SERVER_GOALS, "mount": MOUNT_GOALS}

Seconds = dict[str, dict[str, list[float]]]
"""By workload and server, one for each round."""


@dataclass(frozen=True)
class Results:
    """All that was measured; memory in bytes by server and process, `lost` files by server."""

    seconds: Seconds = field(default_factory=dict)
    memory: dict[str, dict[str, int]] = field(default_factory=dict)
    lost: dict[str, list[str]] = field(default_factory=dict)
    to_quill: list[float] = field(default_factory=list)
    huge: list[Journey] = field(default_factory=list)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def add(
        self, server: str, seconds: Mapping[str, float], memory: Mapping[str, int], lost: list[str]
    ) -> None:
        """Add one turn of a server."""
        for workload, value in seconds.items():
            self.seconds.setdefault(workload, {}).setdefault(server, []).append(value)
        known = self.memory.setdefault(server, {})
        known.update({name: max(peak, known.get(name, 0)) for name, peak in memory.items()})
        self.lost.setdefault(server, []).extend(lost)

    def ratio(self, workload: str, server: str) -> float:
        """The server's median by that of sshd on disk."""
        of = self.seconds[workload]
        return median(of[server]) / median(of[LIMIT])

    def goals(self) -> Iterator[Goal]:
        """What ours are held to."""
        for server, at_most in GOALS.items():
            if server not in self.left_out:
                for workload, limit in at_most.items():
                    yield Goal(workload, server, limit, self.ratio(workload, server))


@dataclass(frozen=True)
class Goal:
    """A ratio to sshd on disk that is not to be exceeded."""

    workload: str
    server: str
    at_most: float
    ratio: float

    @property
    def is_met(self) -> bool:
        """Whether it is not."""
        return self.ratio <= self.at_most


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Give p50 and p95; two values at least."""
    return {"p50": median(seconds), "p95": quantiles(seconds, n=20, method="inclusive")[-1]}


def as_json(results: Results, machine: object, versions: object) -> dict[str, Any]:
    """What `results.json` holds."""
    return {
        "machine": machine,
        "versions": versions,
        "workloads": {
            workload: {
                server: {
                    "seconds": values,
                    "median": median(values),
                    "ratio": results.ratio(workload, server),
                }
                for server, values in servers.items()
            }
            for workload, servers in results.seconds.items()
        },
        "peak_memory_bytes": results.memory,
        "lost": results.lost,
        "upload_to_quill_seconds": percentiles(results.to_quill),
        "one_huge_file": [asdict(journey) for journey in results.huge],
        "left_out": dict(results.left_out),
        "goals": [{**asdict(goal), "met": goal.is_met} for goal in results.goals()],
    }


def table(results: Results) -> str:
    """The same for people."""
    return "\n".join(_lines(results))


def _lines(results: Results) -> Iterator[str]:
    servers = list(next(iter(results.seconds.values())))
    yield _row("ratio to sshd on disk (seconds)", servers)
    for workload, of in results.seconds.items():
        cells = [
            f"{results.ratio(workload, name):.2f} ({median(of[name]):.2f})" for name in servers
        ]
        yield _row(workload, cells)
    yield _row("peak memory, MB (+ engine)", [_memory(results.memory[name]) for name in servers])
    yield _row("files lost or changed", [str(len(results.lost[name])) for name in servers])
    yield ""
    quill = percentiles(results.to_quill)
    yield f"upload to Quill: p50 {quill['p50'] * 1e3:.0f} ms, p95 {quill['p95'] * 1e3:.0f} ms"
    for each in results.huge:
        took = f"put {each.put_seconds:.0f} s, get {each.get_seconds:.0f} s"
        alone = f"{each.stored / 1e9:.1f} GB through our server alone"
        yield f"{alone}: {each.memory / 1e6:.0f} MB of memory, {took}"
    for name, reason in results.left_out.items():
        yield f"left out: {name} - {reason}"
    for goal in results.goals():
        verdict = "met" if goal.is_met else "NOT MET"
        aim = f"goal: {goal.workload} at most {goal.at_most:g}x"
        yield f"{aim}: {goal.server} {goal.ratio:.2f}x, {verdict}"


def _memory(processes: dict[str, int]) -> str:
    return " + ".join(f"{bytes_ / 1e6:.0f}" for bytes_ in processes.values())


def _row(head: str, cells: Sequence[str]) -> str:
    return f"{head:32}" + "".join(f"{cell:>18}" for cell in cells)
