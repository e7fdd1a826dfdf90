"""Byte streams for an SFTP channel, mostly broken, and which answers each has to get.

A stream is a list of packets, so hypothesis shrinks it. What a server owes is little: each complete
packet of a possible length one answer with its id, in order, until one has an impossible length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from hypothesis import strategies as st

from tests.integration.raw_sftp import Kind, string, uint64

FRAME_LEAST = 5  # kind and id
FRAME_LIMIT = 256 * 1024  # as OpenSSH's own server
INIT = struct.pack(">IBI", 5, Kind.INIT, 3)

EXTENSIONS = ["posix-rename@openssh.com", "statvfs@openssh.com", "hardlink@openssh.com", "x@y", ""]

PIECES = [10**6, 4096, 7]  # bytes that arrive at once

Stream = list[bytes]

numbers = st.sampled_from([0, 1, 2, 3, 4, 5, 255, 2**31, 2**32 - 1])
offsets = st.sampled_from([0, 1, 5, 2**31, 2**63 - 1, 2**63, 2**64 - 1])
# The handles a server gives are its own affair; ours count, and some guesses should meet one.
handles = st.integers(0, 4).map(lambda number: number.to_bytes(8)) | st.binary(max_size=300)
names = st.sampled_from([b"a", b"b", b"d", b".", b"", b"/", b"\xff\xfe", b"a\0b", b"n" * 2000])
paths = names | names | st.binary(max_size=40)
flags = st.sampled_from([1, 2, 26, 26, 26, 10, 42, 0, 63, 2**32 - 1])


def _uint32(number: int) -> bytes:
    return number.to_bytes(4)


def _attributes() -> st.SearchStrategy[bytes]:
    """All flags, with as much behind them as there happens to be; counts that lie included."""
    body = st.binary(max_size=40)
    return st.builds(lambda flags, rest: _uint32(flags) + rest, numbers, body) | st.just(bytes(4))


def _fields() -> dict[int, tuple[st.SearchStrategy[bytes], ...]]:
    path, handle, number = paths.map(string), handles.map(string), numbers.map(_uint32)
    offset, attributes = offsets.map(uint64), _attributes()
    return {
        Kind.INIT: (),
        Kind.OPEN: (path, flags.map(_uint32), attributes),
        Kind.CLOSE: (handle,),
        Kind.READ: (handle, offset, number),
        Kind.WRITE: (handle, offset, st.binary(max_size=50).map(string)),
        **dict.fromkeys((Kind.STAT, Kind.LSTAT, Kind.OPENDIR, Kind.REMOVE, Kind.RMDIR), (path,)),
        **dict.fromkeys((Kind.REALPATH, Kind.READLINK), (path,)),
        **dict.fromkeys((Kind.FSTAT, Kind.READDIR), (handle,)),
        **dict.fromkeys((Kind.SETSTAT, Kind.MKDIR), (path, attributes)),
        Kind.FSETSTAT: (handle, attributes),
        **dict.fromkeys((Kind.RENAME, Kind.SYMLINK), (path, path)),
        Kind.EXTENDED: (st.sampled_from(EXTENSIONS).map(string), path, path),
        **dict.fromkeys((0, 21, 99, 101, 105, 201, 255), (st.binary(max_size=30),)),
    }


def packet(kind: int, fields: tuple[bytes, ...], number: int) -> bytes:
    """Encode one packet of that id."""
    body = struct.pack(">BI", kind, number) + b"".join(fields)
    return _uint32(len(body)) + body


whole = st.one_of(
    [
        st.builds(packet, st.just(kind), st.tuples(*fields), st.integers(0, 2**32 - 1))
        for kind, fields in _fields().items()
    ]
)


def _patched(given: bytes, at: int, patch: bytes) -> bytes:
    """Overwrite some bytes behind the packet's own length: counts inside then lie."""
    at = 4 + at % (len(given) - 4)
    return (given[:at] + patch + given[at + len(patch) :])[: len(given)]


def _resized(given: bytes, size: int) -> bytes:
    """Cut the packet, or add to it, and say so in its length."""
    body = given[4:].ljust(size, b"\0")[: max(FRAME_LEAST, size)]
    return _uint32(len(body)) + body


patches = st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\0", b"\xff", b"\x7f\xff\xff\xff"])
bent = st.builds(_patched, whole, st.integers(0, 200), patches)
cut = st.builds(_resized, whole, st.integers(0, 60))
long = st.builds(_resized, whole, st.sampled_from([300, 70_000, FRAME_LIMIT]))
# From here on the server cannot know where a packet begins.
impossible = st.builds(
    lambda length, rest: _uint32(length) + rest,
    st.sampled_from([0, 1, 4, FRAME_LIMIT + 1, 2**31, 2**32 - 1]),
    st.binary(min_size=12, max_size=30),
)
unfinished = st.builds(lambda given, size: given[:size], whole, st.integers(0, 30))
good = st.lists(whole | whole | whole | bent | cut, max_size=12)
endings: st.SearchStrategy[Stream] = st.just([]) | st.lists(
    impossible | unfinished | st.binary(max_size=30), max_size=3
)
odd_greetings = [[], [INIT[:7]], [INIT, INIT], [INIT[:8] + b"\2"]]
greetings = st.sampled_from([[INIT]] * 12 + odd_greetings)


def _joined(*parts: Stream) -> Stream:
    return [piece for part in parts for piece in part]


streams: st.SearchStrategy[Stream] = st.builds(
    _joined,
    greetings,
    good,
    good,
    good,
    st.lists(long, max_size=1),
    endings,
)


def ids_owed(stream: Stream) -> list[bytes]:
    """Give the ids of the answers owed, in order; the greeting's is the version, 3."""
    requests = list(_whole_packets(b"".join(stream)))
    is_greeted = requests and requests[0][0] == Kind.INIT and int.from_bytes(requests[0][1:5]) >= 3
    return [_uint32(3), *(body[1:5] for body in requests[1:])] if is_greeted else []


def until_broken(stream: Stream) -> tuple[Stream, bool]:
    """Give the stream up to what makes a server end the channel, and whether anything does."""
    for number in range(1, len(stream) + 1):
        if _is_broken(b"".join(stream[:number])):
            return stream[:number], True
    return stream, False


def _is_broken(data: bytes) -> bool:
    whole = list(_whole_packets(data))
    rest = data[sum(4 + len(body) for body in whole) :]
    is_impossible = not FRAME_LEAST <= int.from_bytes(rest[:4]) <= FRAME_LIMIT
    return (len(rest) >= 4 and is_impossible) or (bool(whole) and not ids_owed([data]))


def ids_given(received: bytes) -> list[bytes]:
    """Give the ids of the answers that came; fails if they are not whole packets."""
    answers = list(_whole_packets(received))
    rest = received[sum(4 + len(body) for body in answers) :]
    assert not rest, f"not a whole answer: {rest[:40]!r}"
    return [body[1:5] for body in answers]


def _whole_packets(data: bytes) -> Iterator[bytes]:
    while len(data) >= 4:
        length = int.from_bytes(data[:4])
        if not FRAME_LEAST <= length <= FRAME_LIMIT or len(data) < 4 + length:
            return
        yield data[4 : 4 + length]
        data = data[4 + length :]
