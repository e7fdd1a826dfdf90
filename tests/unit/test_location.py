from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.files.errors import FileError, NoSuchFile
from emulator.files.location import Home, Location
from emulator.transfer.model import HomeMapping, User


def user(**fields: object) -> User:
    return User("s-1", "acme", "arn", "role", **fields)  # type: ignore[arg-type]


PATH = Home.of(user(home_directory="/drop/acme"))
LOGICAL = Home.of(
    user(
        home_directory_type="LOGICAL",
        home_mappings=(
            HomeMapping("/in", "/drop/${transfer:UserName}/incoming"),
            HomeMapping("/in/archive", "/old/${Transfer:UserName}"),
            HomeMapping("/deep/er/terms.txt", "/legal/terms v2.txt", "FILE"),
        ),
    )
)
ROOTED = Home.of(
    user(home_directory_type="LOGICAL", home_mappings=(HomeMapping("/", "/drop/acme"),))
)
PIECES = st.sampled_from(["..", ".", "", "a", "é b", "..a", "%2e%2e", "acme-corp", "\n", "+", '"'])
PATHS = st.tuples(st.sampled_from(["", "/"]), st.lists(PIECES, max_size=12)).map(
    lambda path: path[0] + "/".join(path[1])
)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (".", "/drop/acme"),
        ("", "/drop/acme"),
        ("a//b/./c/", "/drop/acme/a/b/c"),
        ("../acme-corp/x", "/drop/acme-corp/x"),
        ("/drop", "/drop/"),
        ("/../../other/x", "/other/x"),
        ('q3 sales+más "x" 100%.csv', '/drop/acme/q3 sales+más "x" 100%.csv'),
        ("new\nline", "/drop/acme/new\nline"),
    ],
)
def test_path_home(path: str, target: str) -> None:
    assert PATH.locate(path).target == target


def test_the_root_of_a_path_home_belongs_to_no_bucket() -> None:
    assert PATH.locate("../../..") == Location("/", None, "", is_fixed=True)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/in/a.csv", "/drop/acme/incoming/a.csv"),
        ("/in/archive/a.csv", "/old/acme/a.csv"),
        ("/in/archived/a.csv", "/drop/acme/incoming/archived/a.csv"),
        ("/in/x/../../in", "/drop/acme/incoming"),
        ("/deep/er/terms.txt", "/legal/terms v2.txt"),
    ],
)
def test_longest_entry_wins(path: str, target: str) -> None:
    assert LOGICAL.locate(path).target == target


@pytest.mark.parametrize("path", ["/file", "/inn", "/deep/other", "/deep/er/terms.txt/x"])
def test_outside_the_mappings_nothing_exists(path: str) -> None:
    with pytest.raises(NoSuchFile):
        LOGICAL.locate(path)


def test_mappings_appear_in_the_folders_above_them() -> None:
    assert LOGICAL.children("/") == {"in": True, "deep": True}
    assert LOGICAL.children("/in") == {"archive": True}
    assert LOGICAL.children("/deep/er") == {"terms.txt": False}
    assert LOGICAL.locate("/deep") == Location("/deep", None, "", is_fixed=True)


@given(PATHS)
@settings(max_examples=50)
def test_a_rooted_home_cannot_be_left(path: str) -> None:
    location = ROOTED.locate(path)
    assert location.bucket == "drop"
    assert location.key == "acme" or location.key.startswith("acme/")
    assert not {"..", ".", ""} & set(location.key.split("/"))


@given(PATHS)
@settings(max_examples=50)
def test_normalising_twice_changes_nothing(path: str) -> None:
    once = PATH.absolute(path)
    assert PATH.absolute(once) == once


def test_keys_end_at_1024_bytes() -> None:
    room = 1024 - len("acme/")
    longest = PATH.locate("x" * room)
    assert longest.key.endswith("x")
    with pytest.raises(FileError, match="1024"):
        longest.check_folder_name()
    PATH.locate("x" * (room - 1)).check_folder_name()
    with pytest.raises(FileError, match="1024"):
        PATH.locate("x" * (room - 1) + "é")


def test_a_nul_byte_names_nothing() -> None:
    with pytest.raises(NoSuchFile):
        PATH.locate("a\0b")


@pytest.mark.parametrize("bucket", ["arn:aws:s3:us-east-1:000000000000:accesspoint:x", "a b", "A"])
def test_what_cannot_be_a_bucket_is_not_asked_for(bucket: str) -> None:
    home = Home.of(User("s-1", "alice", "arn", "role", home_directory="/bucket/alice"))
    with pytest.raises(NoSuchFile):
        home.locate(f"/{bucket}/file")
