"""The watchdog as Lambda takes it: a zip, the same bytes for the same input.

What goes in is decided by `watchdog/Makefile`, which `sam build` uses too; here it is run and
zipped. The zip's name carries the hash of everything that went in, so it is built only once.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from quillgate.errors import DeployError

# The earliest time a zip can hold, and rw-r--r-- of a regular file.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16

_TIMEOUT_SECONDS = 300

Fill = Callable[[Path, Path], None]


@dataclass(frozen=True)
class Package:
    """The zip at `path`; `sha256` (64 hex digits) is that of its bytes, `key` its name on S3."""

    path: Path
    sha256: str
    key: str


def run_makefile(source: Path, artifacts: Path) -> None:
    """Let `watchdog/Makefile` fill the folder `artifacts`; DeployError with its last lines."""
    wheels = _fetched(source)
    _make(source, "build-Watchdog", {"ARTIFACTS_DIR": str(artifacts), "WHEELS": str(wheels)})


def _fetched(source: Path) -> Path:
    """The packages the watchdog needs, fetched once: an edit of its code needs no network."""
    inputs = b"".join((source / name).read_bytes() for name in ("requirements.txt", "Makefile"))
    build = source.parent / "build"
    wheels = build / f"wheels-{hashlib.sha256(inputs).hexdigest()[:20]}"
    if not wheels.exists():
        with _folder_in(build) as work:
            _make(source, "wheels", {"WHEELS": f"{work}/wheels"})
            # Somebody else may have been faster.
            with contextlib.suppress(OSError):
                Path(work, "wheels").rename(wheels)
    return wheels


def _folder_in(build: Path) -> tempfile.TemporaryDirectory[str]:
    try:
        build.mkdir(exist_ok=True)
        return tempfile.TemporaryDirectory(prefix="wheels-", dir=build)
    except OSError as error:
        advice = (
            "the packages that requirements.txt names are not there and cannot be put there "
            f"({error.strerror}): in a container, build its image again"
        )
        raise DeployError("watchdog cannot be packaged", str(build), advice) from error


def _make(source: Path, target: str, variables: Mapping[str, str]) -> None:
    make = shutil.which("make")
    if make is None:
        raise DeployError("watchdog cannot be packaged", "make", "install GNU make")
    # Flags of the make that started us are not for this one.
    environ = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    try:
        subprocess.run(  # noqa: S603 - our own Makefile
            [make, "--silent", target],
            cwd=source,
            env={**environ, "PYTHON": sys.executable, **variables},
            timeout=_TIMEOUT_SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
        raise _failed(source, error) from error


def build_watchdog(repo: Path, out: Path, fill: Fill = run_makefile) -> Package:
    """The watchdog of the checkout `repo`, as a zip in the folder `out`.

    Two builds at the same time do not disturb each other: each works in a folder of its own and
    puts its finished zip in place at once. `fill(source, artifacts)` gathers what goes in.
    """
    source = repo.resolve() / "watchdog"
    path = out.resolve() / f"watchdog-{_hash_of_inputs(source)[:20]}.zip"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix="watchdog-", dir=path.parent, ignore_cleanup_errors=True
        ) as work:
            artifacts = Path(work) / "artifacts"
            artifacts.mkdir()
            fill(source, artifacts)
            zipped = Path(work) / path.name
            _zip(artifacts, zipped)
            zipped.replace(path)
    return Package(path, hashlib.sha256(path.read_bytes()).hexdigest(), path.name)


def _hash_of_inputs(source: Path) -> str:
    """Of the watchdog's files, and of this one, which decides how they are zipped."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in _files(source):
        name, content = file.relative_to(source).as_posix().encode(), file.read_bytes()
        digest.update(b"%d %s %d " % (len(name), name, len(content)) + content)
    return digest.hexdigest()


def _zip(folder: Path, path: Path) -> None:
    # Stored, not deflated: compressed bytes differ from one zlib to the next.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in _files(folder):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _TIME)
            entry.create_system = 3
            entry.external_attr = _MODE
            archive.writestr(entry, file.read_bytes())


def _files(folder: Path) -> list[Path]:
    """All files below `folder` but Python's caches, in an order that is the same everywhere."""
    files = (file for file in folder.rglob("*") if file.is_file())
    kept = (file for file in files if not _is_cache(file.relative_to(folder)))
    return sorted(kept, key=lambda file: file.relative_to(folder).as_posix())


def _is_cache(file: Path) -> bool:
    return file.suffix == ".pyc" or any(part.startswith(".") for part in file.parts)


def _failed(source: Path, error: Exception) -> DeployError:
    said = getattr(error, "stdout", None) or str(error)
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    lines = " | ".join(line.strip() for line in text.strip().splitlines()[-6:])
    return DeployError("watchdog cannot be packaged", str(source), f"make says: {lines}")


if __name__ == "__main__":
    from quillgate.deploy.template import repository

    build_watchdog(repository(), repository() / "build")
