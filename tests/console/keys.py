"""Key pairs as customers make them: with PuTTY's own puttygen."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import paramiko


@dataclass(frozen=True)
class PuttyPair:
    """`public` is what PuTTYgen saves as the public key (RFC 4716), `line` what it shows for
    pasting, `ppk` its own file with the private half; `private` logs in with it.
    """

    public: str
    line: str
    ppk: str
    private: paramiko.PKey


def putty_pair(folder: Path, kind: str = "ed25519", comment: str = "dana@office") -> PuttyPair:
    """Make a pair. Raises CalledProcessError when puttygen does not like `kind`."""
    ppk, openssh = folder / f"{comment}.ppk", folder / f"{comment}.key"
    new = ("-t", kind, "-C", comment, "--new-passphrase", "/dev/null", "-q")
    _puttygen(*new, "-o", str(ppk))
    _puttygen(str(ppk), "-O", "private-openssh-new", "-o", str(openssh))
    return PuttyPair(
        public=_puttygen(str(ppk), "-p"),
        line=_puttygen(str(ppk), "-L").strip(),
        ppk=ppk.read_text(),
        private=paramiko.PKey.from_path(openssh),
    )


def weak_line(folder: Path) -> str:
    """An RSA key that is too short today."""
    ppk = folder / "weak.ppk"
    new = ("-t", "rsa", "-b", "1024", "-C", "old", "-q")
    _puttygen(*new, "--new-passphrase", "/dev/null", "-o", str(ppk))
    return _puttygen(str(ppk), "-L").strip()


def _puttygen(*words: str) -> str:
    done = subprocess.run(["puttygen", *words], capture_output=True, text=True, check=True)
    return done.stdout
