from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
import shutil
import threading
import zipfile
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from quillgate.deploy.package import build_watchdog
from quillgate.errors import DeployError

REPO = Path(__file__).parents[2]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return checkout(tmp_path / "first checkout")


def checkout(folder: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(REPO / "watchdog", folder / "watchdog", ignore=ignored)
    return folder


def fill(source: Path, artifacts: Path) -> None:
    """What the Makefile does, with packages that are at hand in place of pip's."""
    shutil.copytree(source / "sftp_watchdog", artifacts / "sftp_watchdog")
    (artifacts / "dependency").mkdir(mode=0o700)
    (artifacts / "dependency" / "__init__.py").write_text("")
    (artifacts / "dependency" / "é.txt").write_bytes(b"")


def names(path: Path) -> list[str]:
    return zipfile.ZipFile(path).namelist()


def test_the_same_input_gives_the_same_bytes(repo: Path, tmp_path: Path) -> None:
    second = checkout(tmp_path / "second")
    for file in second.rglob("*"):
        os.utime(file, (1, 1))
    (second / "watchdog/sftp_watchdog/errors.py").chmod(0o600)
    one, two = (build_watchdog(each, each / "build", fill) for each in (repo, second))
    assert one.path != two.path
    assert one.path.read_bytes() == two.path.read_bytes()
    assert (one.sha256, one.key) == (two.sha256, two.key)
    assert one.sha256 == hashlib.sha256(one.path.read_bytes()).hexdigest()
    assert re.fullmatch(r"watchdog-[0-9a-f]{20}\.zip", one.key)


@pytest.mark.parametrize("name", ["sftp_watchdog/errors.py", "requirements.txt", "Makefile"])
def test_other_input_gets_another_name(repo: Path, name: str) -> None:
    before = build_watchdog(repo, repo / "build", fill).key
    with (repo / "watchdog" / name).open("a") as file:
        file.write("# changed\n")
    assert build_watchdog(repo, repo / "build", fill).key != before


def test_caches_are_neither_packed_nor_counted(repo: Path) -> None:
    before = build_watchdog(repo, repo / "build", fill)
    (repo / "build" / before.key).unlink()
    caches = repo / "watchdog/sftp_watchdog/__pycache__"
    caches.mkdir()
    (caches / "errors.cpython-311.pyc").write_bytes(b"cache")
    (repo / "watchdog/.mypy_cache").mkdir()
    (repo / "watchdog/.mypy_cache/x.json").write_text("{}")
    after = build_watchdog(repo, repo / "build", fill)
    assert after == before
    assert not [name for name in names(after.path) if "cache" in name or name.endswith(".pyc")]
    assert names(after.path) == sorted(names(after.path))
    assert "sftp_watchdog/handler.py" in names(after.path)


def test_what_is_built_already_is_not_built_again(repo: Path) -> None:
    def refuse(_: Path, __: Path) -> None:
        raise AssertionError

    first = build_watchdog(repo, repo / "build", fill)
    assert build_watchdog(repo, repo / "build", refuse) == first


def test_two_builds_at_once_give_one_whole_zip(repo: Path) -> None:
    both = threading.Barrier(2)

    def slowly(source: Path, artifacts: Path) -> None:
        both.wait(10)
        fill(source, artifacts)
        both.wait(10)

    threads = [
        threading.Thread(target=build_watchdog, args=(repo, repo / "build", slowly))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [path] = (repo / "build").iterdir()
    assert zipfile.ZipFile(path).testzip() is None


def test_a_build_that_fails_leaves_nothing(repo: Path) -> None:
    def fail(_: Path, artifacts: Path) -> None:
        (artifacts / "half").write_text("")
        raise DeployError("watchdog cannot be packaged", "x", "y")

    with pytest.raises(DeployError):
        build_watchdog(repo, repo / "build", fail)
    assert list((repo / "build").iterdir()) == []


def test_a_makefile_that_fails_is_quoted(repo: Path) -> None:
    (repo / "watchdog/Makefile").write_text("wheels:\n\t@echo 'no network' >&2; exit 3\n")
    with pytest.raises(DeployError, match=r"make says: no network .*Error 3"):
        build_watchdog(repo, repo / "build")


def test_the_makefile_has_the_target_that_sam_build_calls() -> None:
    resources = yaml_parse((REPO / "stack/template.yaml").read_text())["Resources"]
    built = [
        name
        for name, resource in resources.items()
        if resource.get("Metadata", {}).get("BuildMethod") == "makefile"
    ]
    lines = (REPO / "watchdog/Makefile").read_text().splitlines()
    [targets] = [line.removesuffix(":") for line in lines if line.startswith("build-")]
    assert targets.split() == [f"build-{name}" for name in built]


def test_an_edit_of_the_code_needs_no_network(repo: Path) -> None:
    """`wheels` fetches; it is asked for once, and again only when the requirements change."""
    makefile = 'wheels:\n\tmkdir "$$WHEELS"; echo >> fetched\nbuild-Watchdog:\n\tls "$$WHEELS"\n'
    (repo / "watchdog/Makefile").write_text(makefile)
    for code in ("a = 1\n", "a = 2\n"):
        (repo / "watchdog/sftp_watchdog/new.py").write_text(code)
        build_watchdog(repo, repo / "build")
    assert (repo / "watchdog/fetched").read_text() == "\n"
    (repo / "watchdog/requirements.txt").write_text("urllib3==0\n")
    build_watchdog(repo, repo / "build")
    assert (repo / "watchdog/fetched").read_text() == "\n\n"


def test_packages_that_an_image_lacks_are_told_with_the_way_out(repo: Path) -> None:
    (repo / "build").touch()  # no folder can be made there, as on a read-only file system
    with pytest.raises(DeployError, match=r"/build' - the packages .*: in a container, build its"):
        build_watchdog(repo, repo / "elsewhere")


def test_requirements_are_those_of_the_constraints() -> None:
    def pins(path: Path) -> set[str]:
        lines = (line.strip().lower().replace("-", "_") for line in path.read_text().splitlines())
        return {line for line in lines if line and not line.startswith("#")}

    wanted = pins(REPO / "watchdog/requirements.txt")
    assert wanted <= pins(REPO / "constraints.txt")
    named = {line.partition("==")[0] for line in wanted}
    needed = {"aws_lambda_powertools", "urllib3"}
    for requirement in importlib.metadata.requires("aws_lambda_powertools") or []:
        if "extra ==" not in requirement:
            needed.add(re.split(r"[^\w-]", requirement)[0].lower().replace("-", "_"))
    assert named == needed
