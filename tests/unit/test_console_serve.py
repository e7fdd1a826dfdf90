"""The console on this machine says where it is, before anybody asks it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen


def test_any_free_port_is_told_as_the_one_that_it_is(tmp_path: Path) -> None:
    words = ("-m", "quillgate", "console", "--port", "0", "--state", str(tmp_path))
    with subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True) as console:
        try:
            assert console.stderr is not None
            address = console.stderr.readline().split()[1]
            with urlopen(f"{address}/_console/health") as answer:
                assert answer.status == 200
        finally:
            console.terminate()
