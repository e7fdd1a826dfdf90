"""What kind of file it is, by its first bytes, else by its name."""

from __future__ import annotations

import mimetypes

_FIRST_BYTES = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (or an Office document, which is one)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"PAR1", "Parquet data"),
    (b"Obj\x01", "Avro data"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"-----BEGIN PGP", "an OpenPGP message"),
    (b"<?xml", "an XML document"),
    (b"\x7fELF", "an ELF program"),
)
PEEK = 32


def kind_of(name: str, start: bytes) -> str:
    """`a PDF document, by its first bytes`. `start`: the first `PEEK` bytes, or fewer."""
    if not start:
        return "an empty file"
    for magic, kind in _FIRST_BYTES:
        if start.startswith(magic):
            return f"{kind}, by its first bytes"
    media_type, packed = mimetypes.guess_type(name.lower())
    if media_type and not packed:
        return f"{media_type}, by its name"
    return "of a type unknown to Quill"
