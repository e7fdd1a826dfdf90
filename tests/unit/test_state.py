from __future__ import annotations

import fcntl
import os
import shlex
import stat
import threading
from pathlib import Path

import asyncssh
import pytest

from quillgate.errors import StartError, TargetError
from quillgate.ports import Ports
from quillgate.state import State, running_pid, write_private

PORTS = Ports(engine=20001, transfer=20002, sftp=20003, quill=20004)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "new" / "state é")


def readers(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode) & 0o077


def test_the_folder_is_made_for_its_owner_only(state: State) -> None:
    assert state.folder.is_absolute()
    assert readers(state.folder) == 0
    assert State(state.folder).folder == state.folder


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_what_cannot_be_a_folder_is_refused_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=rf"^cannot keep state in: '{tmp_path}/{name}' - name an"):
        State(tmp_path / name)


def test_one_up_at_a_time(state: State) -> None:
    assert running_pid(state.folder) is None
    with state.locked():
        assert running_pid(state.folder) == os.getpid()
        with pytest.raises(StartError) as refused, State(state.folder).locked(patience_seconds=0):
            pass
        assert running_pid(state.folder) == os.getpid()
    assert str(refused.value) == (
        f"an environment runs from here already: '{state.folder}' - stop it: quillgate down "
        f"--state {shlex.quote(str(state.folder))}"
    )
    assert running_pid(state.folder) is None
    with state.locked():
        assert running_pid(state.folder) == os.getpid()


def test_those_who_only_look_are_in_nobodys_way(state: State) -> None:
    (state.folder / "lock").touch()
    with (state.folder / "lock").open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        gone = threading.Timer(0.02, fcntl.flock, (looking, fcntl.LOCK_UN))
        gone.start()
        with state.locked(patience_seconds=10):
            gone.join()
            assert running_pid(state.folder) == os.getpid()


def test_what_a_killed_run_said_of_itself_is_not_taken_for_this_ones(state: State) -> None:
    (state.folder / "environment.json").touch()
    with state.locked():
        assert not (state.folder / "environment.json").exists()


def test_a_folder_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    assert readers(State(tmp_path / "open").folder) == 0


def test_asking_whether_one_runs_leaves_no_trace(tmp_path: Path) -> None:
    assert running_pid(tmp_path / "nowhere") is None
    assert list(tmp_path.iterdir()) == []


def test_after_a_clean_stop_the_engine_is_as_it_was(state: State) -> None:
    assert not state.engine_is_stale(PORTS)
    state.mark_running(PORTS)
    state.mark_stopped()
    again = State(state.folder)
    assert again.last_ports() == PORTS
    assert not again.engine_is_stale(PORTS)


def test_after_a_kill_or_on_another_port_the_engine_is_stale(state: State) -> None:
    state.mark_running(PORTS)
    assert State(state.folder).engine_is_stale(PORTS)
    state.mark_stopped()
    assert state.engine_is_stale(Ports(engine=20009, transfer=20002, sftp=20003, quill=20004))
    assert not state.engine_is_stale(Ports(engine=20001, transfer=1, sftp=2, quill=3))


def test_a_first_run_has_no_ports_and_nothing_to_forget(state: State) -> None:
    assert state.last_ports() is None
    state.forget_engine()
    state.mark_stopped()


def test_forgetting_the_engine_keeps_its_objects(state: State) -> None:
    saved, stored = state.path("engine", "state"), state.path("engine", "s3")
    (saved / "sqs.json").touch()
    (stored / "a.csv").touch()
    state.forget_engine()
    assert not saved.exists()
    assert (stored / "a.csv").exists()


def test_a_sweep_is_owed_until_it_is_done(state: State) -> None:
    assert not state.sweep_is_owed()
    state.forget_engine()
    assert State(state.folder).sweep_is_owed(), "over a further kill too"
    state.mark_swept()
    assert not state.sweep_is_owed()


def test_the_token_is_secret_and_stays(state: State) -> None:
    token = state.quill_token()
    assert State(state.folder).quill_token() == token
    assert readers(state.folder / "quill_token") == 0
    assert State(state.folder / "other").quill_token() != token


def test_parameters_of_earlier_runs_are_remembered_once_they_proved_good(state: State) -> None:
    assert state.parameters({"BatchSize": "0"}) == {"BatchSize": "0"}
    assert state.parameters({}) == {}
    state.remember_parameters({"BatchSize": "5", "TlsOnly": "true"})
    again = State(state.folder)
    assert again.parameters({"BatchSize": "7"}) == {"BatchSize": "7", "TlsOnly": "true"}
    again.remember_parameters({"BatchSize": "7"})
    assert again.parameters({}) == {"BatchSize": "7", "TlsOnly": "true"}


def test_an_empty_value_goes_back_to_the_templates_own(state: State) -> None:
    state.remember_parameters({"BatchSize": "5", "LoginBanner": "hello"})
    assert state.parameters({"BatchSize": ""}) == {"LoginBanner": "hello"}
    state.remember_parameters({"BatchSize": ""})
    assert state.parameters({}) == {"LoginBanner": "hello"}


def test_the_compose_projects_parameters_are_its_own(state: State) -> None:
    compose = State(state.folder, "compose")
    compose.remember_parameters({"BatchSize": "5"})
    assert State(state.folder, "compose").parameters({}) == {"BatchSize": "5"}
    assert state.parameters({}) == {}
    assert compose.test_user_key() == state.test_user_key()


def test_the_test_users_key_is_made_once(state: State) -> None:
    path = state.test_user_key()
    private = path.read_bytes()
    assert readers(path) == 0
    assert State(state.folder).test_user_key() == path
    assert path.read_bytes() == private
    line = state.test_user_public_key()
    key = asyncssh.import_private_key(private)
    assert line == key.export_public_key().decode().strip()
    assert line.startswith("ssh-ed25519 ")
    assert line.endswith(" testuser@quillgate")


def test_a_key_whose_making_was_cut_off_is_made_again(state: State) -> None:
    state.test_user_key().unlink()
    key = asyncssh.import_private_key(state.test_user_key().read_bytes())
    assert state.test_user_public_key() == key.export_public_key().decode().strip()


def test_logs_lie_inside(state: State) -> None:
    assert state.log("engine") == state.folder / "logs" / "engine.log"


def test_a_file_is_written_whole_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "name with é"
    write_private(path, "a long first text")
    write_private(path, "é\n")
    assert path.read_text() == "é\n"
    assert readers(path) == 0
    assert list(tmp_path.iterdir()) == [path], "no draft is left"


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "file"
    with pytest.raises(TargetError, match=rf"^cannot write: '{path}' - "):
        write_private(path, "")
