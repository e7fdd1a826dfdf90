"""Ends the processes in which the watchdog runs, as a machine that fails does."""

from __future__ import annotations

import contextlib
import subprocess

import psutil
from testcontainers.compose import DockerCompose

from tests.integration.compose import ROOT
from tests.integration.support import Environment

# In the container of the compose project, and nowhere else. The brackets: not this shell itself.
_KILL_INSIDE = (
    "for each in /proc/[0-9]*; do "
    "if tr '\\0' ' ' <$each/cmdline 2>/dev/null | grep -q 'awslambdaric [s]ftp_watchdog'; "
    "then kill -9 ${each#/proc/} && echo killed; fi; done"
)


def kill_workers(environment: Environment) -> int:
    """Kill the workers of this environment's engine; gives their number."""
    inside = environment.environment == "compose"
    return _killed_in_container() if inside else _killed_children(environment.pid)


def _killed_children(pid: int) -> int:
    killed = 0
    for process in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if any("ministack-lambda-" in word for word in process.cmdline()):
                process.kill()
                killed += 1
    return killed


def _killed_in_container() -> int:
    compose = DockerCompose(ROOT).docker_compose_command()
    command = [*compose, "exec", "-T", "localstack", "sh", "-c", _KILL_INSIDE]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return ran.stdout.count("killed")
