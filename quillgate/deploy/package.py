"""Watchdog and console as Lambda takes them: a zip each, the same bytes for the same input.

What goes in is decided by the Makefile of each, which `sam build` uses too; here it is run and
zipped. A zip's name carries the hash of everything that went in, so it is built only once.
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
_LARGEST_BYTES = 250 * 1024**2  # Lambda's limit for what a zip holds

Fill = Callable[[Path, Path], None]


@dataclass(frozen=True)
class Package:
    """The zip at `path`; `sha256` (64 hex digits) is that of its bytes, `key` its name on S3."""

    path: Path
    sha256: str
    key: str


@dataclass(frozen=True)
class Part:
    """What is packed. `source` has Makefile and requirements.txt; `code` is packed with it."""

    name: str
    repo: Path
    source: Path
    code: tuple[Path, ...] = ()

    @property
    def build(self) -> Path:
        """Where things are fetched to."""
        return self.repo / "build"

    def fill(self, artifacts: Path) -> None:
        """Let the Makefile fill the folder `artifacts`; DeployError with its last lines."""
        variables = {"ARTIFACTS_DIR": str(artifacts), "WHEELS": str(_fetched(self))}
        _make(self, f"build-{self.name.capitalize()}", variables)


def _fetched(part: Part) -> Path:
    """The packages a part needs, fetched once: an edit of its code needs no network."""
    inputs = b"".join(
        (part.source / name).read_bytes() for name in ("requirements.txt", "Makefile")
    )
    wheels = part.build / f"wheels-{hashlib.sha256(inputs).hexdigest()[:20]}"
    if not wheels.exists():
        with _folder_in(part) as work:
            _make(part, "wheels", {"WHEELS": f"{work}/wheels"})
            # Somebody else may have been faster.
            with contextlib.suppress(OSError):
                Path(work, "wheels").rename(wheels)
    return wheels


def _folder_in(part: Part) -> tempfile.TemporaryDirectory[str]:
    try:
        part.build.mkdir(exist_ok=True)
        return tempfile.TemporaryDirectory(prefix="wheels-", dir=part.build)
    except OSError as error:
        advice = (
            "the packages that requirements.txt names are not there and cannot be put there "
            f"({error.strerror}): in a container, build its image again"
        )
        raise DeployError(f"{part.name} cannot be packaged", str(part.build), advice) from error


def _make(part: Part, target: str, variables: Mapping[str, str]) -> None:
    make = shutil.which("make")
    if make is None:
        raise DeployError(f"{part.name} cannot be packaged", "make", "install GNU make")
    # Flags of the make that started us are not for this one.
    environ = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    try:
        subprocess.run(  # noqa: S603 - our own Makefile
            [make, "--silent", target],
            cwd=part.source,
            env={**environ, "PYTHON": sys.executable, **variables},
            timeout=_TIMEOUT_SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
        raise _failed(part, error) from error


def watchdog(repo: Path) -> Part:
    """The watchdog of the checkout `repo`, which is the sweep, too."""
    repo = repo.resolve()
    return Part("watchdog", repo, repo / "watchdog")


def console(repo: Path) -> Part:
    """The console of the checkout `repo`."""
    repo = repo.resolve()
    return Part(
        "console",
        repo,
        repo / "stack" / "console",
        (repo / "quillgate", repo / "watchdog" / "sftp_watchdog"),
    )


def build_watchdog(repo: Path, out: Path, fill: Fill | None = None) -> Package:
    """The watchdog, see `build`."""
    return build(watchdog(repo), out, fill)


def build(part: Part, out: Path, fill: Fill | None = None) -> Package:
    """A part as a zip in the folder `out`.

    Two builds at the same time do not disturb each other: each works in a folder of its own and
    puts its finished zip in place at once. `fill(source, artifacts)` gathers what goes in.
    """
    path = out.resolve() / f"{part.name}-{_hash_of_inputs(part)[:20]}.zip"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f"{part.name}-", dir=path.parent, ignore_cleanup_errors=True
        ) as work:
            artifacts = Path(work) / "artifacts"
            artifacts.mkdir()
            if fill:
                fill(part.source, artifacts)
            else:
                part.fill(artifacts)
            zipped = Path(work) / path.name
            _zip(part, artifacts, zipped)
            zipped.replace(path)
    return Package(path, hashlib.sha256(path.read_bytes()).hexdigest(), path.name)


def _hash_of_inputs(part: Part) -> str:
    """Of the part's files, and of this one, which decides how they are zipped."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for folder in (part.source, *part.code):
        for file in _files(folder):
            name, content = file.relative_to(folder).as_posix().encode(), file.read_bytes()
            digest.update(b"%d %s %d " % (len(name), name, len(content)) + content)
    return digest.hexdigest()


def _zip(part: Part, folder: Path, path: Path) -> None:
    size = sum(file.stat().st_size for file in _files(folder))
    if size > _LARGEST_BYTES:
        advice = f"Lambda takes {_LARGEST_BYTES} bytes: leave something out"
        raise DeployError(f"{part.name} is too large for Lambda", f"{size} bytes", advice)
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


def _failed(part: Part, error: Exception) -> DeployError:
    said = getattr(error, "stdout", None) or str(error)
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    lines = " | ".join(line.strip() for line in text.strip().splitlines()[-6:])
    return DeployError(f"{part.name} cannot be packaged", str(part.source), f"make says: {lines}")


if __name__ == "__main__":
    from quillgate.deploy.template import repository

    build_watchdog(repository(), repository() / "build")
