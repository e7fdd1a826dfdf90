"""`make bench`: start all servers, let them take turns, tell what was measured.

    BENCH_ROUNDS=3      how often each server has its turn
    BENCH_HUGE=1        5 GB through our server as well, on an S3 that keeps nothing

Exit code 1 when something could not be measured or when one of ours lost a file. Goals that are not
met are told, no more: a busy machine can miss them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import machine, watchdog
from benchmarks.latency import upload_to_quill
from benchmarks.lineup import lineup
from benchmarks.memory import peaks
from benchmarks.report import GOALS, Results, as_json, table
from benchmarks.rounds import rounds
from benchmarks.server import BenchError, Server
from benchmarks.sources import Sources, make_sources
from benchmarks.workloads import Round, seed
from quillgate.errors import DeployError, StartError
from quillgate.signals import end_on_signals
from tests.integration.alone import send_and_fetch

HUGE = 5_000_000_000
RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    """Run it all; one line on stderr when it cannot be done."""
    end_on_signals(lambda number: 128 + number)
    try:
        with ExitStack() as stack:
            number = rounds()
            results = run(number, stack)
            _say("the watchdog alone")
            alone = watchdog.run(number)
    except (BenchError, DeployError, StartError) as error:
        sys.exit(str(error))
    told = {**as_json(results, *_about()), "watchdog": watchdog.as_json(alone)}
    RESULTS.write_text(json.dumps(told, indent=2) + "\n")
    print("\n".join([table(results), "", *watchdog.table(alone)]))
    if lost := [name for server in GOALS for name in results.lost.get(server, ())]:
        sys.exit(f"files lost: '{lost[0]}' and others - see {RESULTS}")


def run(turns: int, stack: ExitStack) -> Results:
    """Each round gives every server its turn, so that a busy minute strikes them all."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="quillgate-bench-")))
    _say("starting the servers")
    started = stack.enter_context(lineup(folder))
    sources = make_sources(folder / "sources")
    results = Results(left_out=started.left_out)
    for server in started.servers:
        _say(f"{server.name}: making the folders to be listed")
        seed(server)
    for number in range(1, turns + 1):
        for server in started.servers:
            _say(f"round {number} of {turns}: {server.name}")
            _take_turn(server, sources, number, results)
    if os.environ.get("BENCH_HUGE") == "1":
        _say("5 GB through our server alone")
        results.huge.append(send_and_fetch(folder, HUGE))
    _say("upload to Quill")
    results.to_quill.extend(upload_to_quill(started.environment))
    return results


def _take_turn(server: Server, sources: Sources, number: int, results: Results) -> None:
    turn = Round(server, sources, f"{server.name}-round{number}")
    with peaks(server.processes) as memory:
        turn.run()
    results.add(server.name, turn.seconds, memory, turn.lost)


def _about() -> tuple[object, object]:
    return machine.describe(), machine.versions()


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
