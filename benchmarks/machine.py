"""What the numbers were measured on: nothing that names the machine or its places."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil


def describe() -> dict[str, str | int | float]:
    """Processor, memory, system and Python."""
    return {
        "cores": os.cpu_count() or 0,
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """What was compared, by its own words where it has some."""
    return {
        "openssh": _first_number(["ssh", "-V"]),
        "rclone": _first_number(["rclone", "version"]),
        "s3fs": _first_number(["s3fs", "--version"]),
        **{name: version(name) for name in ("asyncssh", "boto3", "ministack")},
    }


def _first_number(command: list[str]) -> str:
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    found = re.search(r"\d[\w.]*", told.stdout + told.stderr)
    return found[0] if found else "unknown"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.processor()
