"""Fuzz for some time: `make fuzz MINUTES=60 [SEED=7] [ONLY="uploads cut"]`.

The seed of a turn is printed with what it found; `MINUTES=0` is one turn. Exit 1 on a finding,
2 for wrong options, 130 when it was stopped.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import math
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.fuzz.campaigns import Campaign, campaigns
from tests.integration.support import start_environment, stop_as_by_hand

HANG_SECONDS = 1800  # shrinking over the wire may take minutes
LINE_SECONDS = 60


def main() -> int:
    """Start an environment, take turns until the time is over, say what was done."""
    options = _options()
    stop_as_by_hand()  # by SystemExit would not do: Hypothesis takes it for a finding
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # cut connections are no news
    print(f"seed {options.seed}, {options.minutes:g} minutes", flush=True)  # noqa: T201
    with (
        tempfile.TemporaryDirectory() as folder,
        start_environment(Path(folder)) as running,
        campaigns(running) as named,
    ):
        chosen = {name: _watched(each) for name, each in named.items() if options.only in name}
        if not chosen:
            known = ", ".join(named)
            print(f"no such campaign: '{options.only}' - a part of one of: {known}")  # noqa: T201
            return 2
        return run(chosen, options.seed, 60 * options.minutes)


def run(named: dict[str, Campaign], seed: int, seconds: float) -> int:
    """Take turns, each with the next seed, until the time is over; the exit status."""
    started = said = time.monotonic()
    counts: Counter[str] = Counter()
    while True:
        for name, campaign in named.items():
            try:
                counts[name] += campaign(seed)
            except Exception:
                _say(time.monotonic() - started, counts)
                return _tell(name, seed)
            except KeyboardInterrupt:
                _say(time.monotonic() - started, counts)
                print("stopped, nothing found so far")  # noqa: T201
                return 130
            if time.monotonic() - said > LINE_SECONDS:
                said = time.monotonic()
                _say(said - started, counts)
        seed += 1
        if time.monotonic() - started > seconds:
            _say(time.monotonic() - started, counts)
            print("nothing found")  # noqa: T201
            return 0


def _watched(campaign: Campaign) -> Campaign:
    """End all with a traceback of every thread if it hangs."""

    def watched(seed: int) -> int:
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
        try:
            return campaign(seed)
        finally:
            faulthandler.cancel_dump_traceback_later()

    return watched


def _say(seconds: float, counts: Counter[str]) -> None:
    done = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    print(f"{seconds / 60:5.1f} min: {done}", flush=True)  # noqa: T201


def _tell(name: str, seed: int) -> int:
    """Print the finding: its shrunk input is a note of the exception's."""
    traceback.print_exc(file=sys.stdout)
    again = f'make fuzz MINUTES=0 SEED={seed} ONLY="{name}"'
    print(f"FOUND by '{name}' - repeat: {again}", flush=True)  # noqa: T201
    return 1


def minutes(text: str) -> float:
    """So many minutes: ValueError unless they end. The name is argparse's word for the value."""
    found = float(text)
    if not 0 <= found < math.inf:
        raise ValueError(text)
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=minutes, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--only", default="", help="part of a campaign's name")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
