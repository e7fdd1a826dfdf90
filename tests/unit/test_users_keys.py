"""What people paste for a public key is understood, or explained."""

from __future__ import annotations

from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from quillgate.users.key_text import text_of
from quillgate.users.keys import Pasted, read_keys
from tests.unit.users_fakes import line, pieces

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey


@cache
def _rsa(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def _ec() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


def _public(key: Private) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _pem(key: Private | dsa.DSAPrivateKey | ed448.Ed448PrivateKey) -> str:
    form = PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(Encoding.PEM, form).decode()


def _ssh2(text: str, comment: str = "") -> str:
    body = "\n".join(pieces(text.split()[1], 70))
    header = f'Comment: "{comment}"\n' if comment else ""
    return f"---- BEGIN SSH2 PUBLIC KEY ----\n{header}{body}\n---- END SSH2 PUBLIC KEY ----\n"


def _lines(pasted: Pasted) -> list[str]:
    return [key.line for key in pasted.keys]


def _understood(text: str, *expected: str) -> Pasted:
    pasted = read_keys(text)
    assert (_lines(pasted), pasted.problems) == (list(expected), ())
    return pasted


def test_a_line_is_a_key_with_its_type_size_fingerprint_and_comment() -> None:
    text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBuEfarkz+vvEOHTiwqKKd6XXZg4kt/DRqbloRxMAHsI jo é"
    [key] = _understood(text, text).keys
    assert (key.type, key.bits, key.comment, key.number) == ("ssh-ed25519", 256, "jo é", 1)
    assert key.fingerprint == "SHA256:LBkr5GuKIHAnh9I38p+Anl9SrP15GH6CtJThFE8yIXI"


def test_several_lines_are_several_keys_with_their_numbers() -> None:
    one, two = _public(_rsa()), _public(_ec())
    pasted = _understood(f"# ours\n{one} a\r\n\n{two} b\n", f"{one} a", f"{two} b")
    assert [(key.number, key.bits) for key in pasted.keys] == [(2, 2048), (4, 384)]


def test_the_same_key_twice_is_one() -> None:
    text = line()
    _understood(f"{text}\n{text} again", text)


@pytest.mark.parametrize("width", [20, 60, 64, 72, 76])
@pytest.mark.parametrize("before", ["", "> ", "  "])
def test_a_line_that_a_mail_program_broke_is_joined(width: int, before: str) -> None:
    text = f"{_public(_rsa())} jo@example.com"
    broken = "\n".join(before + piece for piece in pieces(text, width))
    pasted = read_keys(broken)
    assert [key.line.split()[1] for key in pasted.keys] == [text.split()[1]]


@pytest.mark.parametrize("comment", ["jo@example.com", "rsa-key-20261123", "eddsa-key-20261123"])
def test_a_comment_that_slipped_to_the_next_line_is_taken_back(comment: str) -> None:
    text = line()
    _understood(f"{text}\n{comment}\n", f"{text} {comment}")


@pytest.mark.parametrize("comment", ["jo@example.com", "rsa-key-20261123"])
@pytest.mark.parametrize("before", ["", "> "])
def test_a_line_that_was_broken_at_its_spaces_is_joined(before: str, comment: str) -> None:
    text = f"{_public(_rsa())} {comment}"
    type_name, rest = text.split(" ", 1)
    for lines in (text.split(" "), [type_name, rest]):
        _understood("\n".join(before + each for each in lines), text)


def test_keys_that_were_joined_to_one_line_are_not_taken_for_one() -> None:
    for between in (" ", "\t", "\\n", "; ", "\x0c", "\u2028"):
        text = between.join([line("jo"), _public(_rsa()), line()])
        [problem] = read_keys(text).problems
        assert "several keys on this line" in problem.message
        assert not read_keys(text).keys


@pytest.mark.parametrize("bullet", ["-", "1.", "acme:", "Key:"])
def test_a_list_of_keys_is_not_taken_for_known_hosts(bullet: str) -> None:
    [problem] = read_keys(f"{bullet} {line()}").problems
    assert "leave out other words" in problem.message


def test_what_editors_and_web_pages_do_is_undone() -> None:
    text = line("jo")
    for pasted in (
        f"\ufeff{text}",
        f"   {text}\u200b  ",
        text.replace(" ", "\u00a0"),
        text.replace(" ", "&nbsp;"),
        text.replace(" ", "\t"),
        f"\u201c{text}\u201d",
        f"`{text}`",
        f"```\n{text}\n```",
    ):
        _understood(pasted, text)
    assert _lines(read_keys(line("&lt;jo&gt;")))[0].endswith(" <jo>")


def test_base64_alone_is_enough() -> None:
    text = _public(_rsa())
    _understood(text.split()[1], text)
    _understood("\n".join(pieces(text.split()[1], 64)), text)


def test_ssh2_blocks_are_converted() -> None:
    text = _public(_rsa())
    _understood(_ssh2(text), text)
    _understood(_ssh2(text, "jo's key"), f"{text} jo's key")
    _understood(_ssh2(text, "a long \\\nname"), f"{text} a long name")


def test_pem_is_converted() -> None:
    _understood(_pem(_ec()), _public(_ec()))
    _understood(_pem(_rsa()).replace("\n", " "), _public(_rsa()))


def test_options_are_dropped_and_named() -> None:
    text = line("jo")
    options = 'from="10.0.0.0/8,!10.1.1.1",no-pty,command="echo \\"x, ssh-rsa AAAA\\""'
    pasted = _understood(f"# first\n{options} {text}", text)
    [note] = pasted.notes
    assert note.line == 2
    assert "options were dropped: from, no-pty, command" in note.message
    assert "that restriction is lost" in note.message


def test_a_key_that_has_ended_does_not_come_back_to_life() -> None:
    text = line("jo")
    pasted = _understood(f'restrict,expiry-time="99991231Z" {text}', text)
    assert "remove it by hand then" in pasted.notes[0].message
    [problem] = read_keys(f'from="10.0.0.0/8",expiry-time="199912312359Z" {text}').problems
    assert "expiry-time has ended this key" in problem.message


REFUSED = {
    "": "there is nothing in it",
    " \n# nothing\n": "there is nothing in it",
    "hello": "no public SSH key",
    "ssh-rsa": "damaged",
    "ssh-ed25519 AAAA jo": "damaged",
    "ssh-rsa AAAAB3Nz\u2026": "damaged",
    "ssh-dss AAAAB3NzaC1kc3MAAA jo": "DSA",
    "sk-ssh-ed25519@openssh.com AAAAGnNr jo": "security token",
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNz jo": "SSH certificate",
    "256 SHA256:LBkr5GuKIHAnh9I38p+Anl9SrP15GH6CtJThFE8yIXI jo (ED25519)": "fingerprint",
    "2048 MD5:43:51:43:a1:b5:fc:8b:b7:0a:3a:a9:b1:0f:66:73:a8 jo (RSA)": "fingerprint",
    "43:51:43:a1:b5:fc:8b:b7:0a:3a:a9:b1:0f:66:73:a8": "fingerprint",
    "C:\\Users\\jo\\.ssh\\id_rsa.pub": "name of a file",
    "~/.ssh/id_ed25519.pub": "name of a file",
    "https://example.com/jo.keys": "an address",
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQEN\n-----END PGP PUBLIC KEY BLOCK-----": "PGP",
    "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----": "X.509",
    "-----BEGIN PUBLIC KEY-----\nMIIB": "`END`",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----": "damaged",
    "x" * 1_000_001: "far longer",
}


@pytest.mark.parametrize(("text", "words"), REFUSED.items(), ids=range(len(REFUSED)))
def test_what_is_no_key_is_explained(text: str, words: str) -> None:
    pasted = read_keys(text)
    assert not pasted.keys
    [problem] = pasted.problems
    assert words in problem.message
    assert " - " in problem.message


def test_keys_that_transfer_does_not_take_are_explained() -> None:
    long = rsa.RSAPublicNumbers(65537, (1 << 16383) + 1).public_key()
    too_long = long.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    good = line()
    for text, words in (
        (_public(_rsa(1024)), "1024 bits is too weak"),
        (_pem(ed448.Ed448PrivateKey.generate()), "type is not taken"),
        (_pem(ec.generate_private_key(ec.SECP256K1())), "type is not taken"),
        (too_long, "longer than the 2,048"),
        (f"cert-authority {good}", "cert-authority"),
        (f"sftp.example.com,10.0.0.1 {good}", "known_hosts"),
        (f"|1|abc=|def= {good}", "known_hosts"),
        (f"ssh-rsa {good.split()[1]}", "damaged"),
        (_public(_rsa())[:200], "damaged"),
    ):
        assert [words in str(each) for each in read_keys(text).problems] == [True], words


def test_a_bad_line_stops_nothing_else() -> None:
    one, two = line(), line()
    pasted = read_keys(f"{one}\nssh-rsa AAAA oops\n{two}\n")
    assert _lines(pasted) == [one, two]
    assert [each.line for each in pasted.problems] == [2]


def _private_texts() -> dict[str, str]:
    texts = {}
    encodings = {"PKCS8": PrivateFormat.PKCS8, "OpenSSH": PrivateFormat.OpenSSH}
    for name, form in {**encodings, "traditional": PrivateFormat.TraditionalOpenSSL}.items():
        for key in (_rsa(), _ec(), Ed25519PrivateKey.generate()):
            if form is PrivateFormat.TraditionalOpenSSL and isinstance(key, Ed25519PrivateKey):
                continue
            pem = key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
            texts[f"{name} {type(key).__name__}"] = pem
            texts[f"{name} {type(key).__name__} without armour"] = "\n".join(pem.split("\n")[1:-2])
    locked = BestAvailableEncryption(b"secret")
    texts["encrypted"] = _ec().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked).decode()
    texts["ppk"] = "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nPrivate-Lines: 1\nAAAA\n"
    texts["pgp"] = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQEN\n"
    texts["ssh2"] = "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/56wAA\n"
    return texts


PRIVATE = _private_texts()


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("around", ["{}", "> {}", "{public}\n{}\n{public}", "\u201c{}\u201d"])
def test_a_private_key_is_refused_loudly_and_nothing_of_it_repeated(name: str, around: str) -> None:
    text = around.format(PRIVATE[name], public=line())
    pasted = read_keys(text)
    assert not pasted.keys
    [problem] = pasted.problems
    assert "PRIVATE" in problem.message
    assert "treat it as exposed" in problem.message


def test_the_line_of_a_private_key_is_named() -> None:
    text = f"{line()}\n\n{PRIVATE['ppk']}"
    assert [each.line for each in read_keys(text).problems] == [3]


WORDS = st.sampled_from(
    [
        *(
            "ssh-rsa",
            "ssh-ed25519",
            "AAAA",
            "AAAAB3NzaC1yc2EAAAADAQABAAAB",
            "from=",
            '"',
            "\\",
            ",",
        ),
        *(
            "-----BEGIN PUBLIC KEY-----",
            "-----END PUBLIC KEY-----",
            "\n",
            " ",
            "=",
            "cert-authority",
        ),
        *("---- BEGIN SSH2 PUBLIC KEY ----", "---- END SSH2 PUBLIC KEY ----", "Comment:", "# "),
        line(),
        line("jo"),
    ]
)


@settings(max_examples=300)
@given(st.lists(WORDS | st.text(max_size=12), max_size=12).map("".join))
def test_whatever_is_pasted_there_is_an_answer(text: str) -> None:
    pasted = read_keys(text)
    assert pasted.keys or pasted.problems
    last = len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert all(1 <= each.line <= last for each in pasted.problems)
    assert [read_keys(key.line).keys[0].line for key in pasted.keys] == _lines(pasted)


@settings(max_examples=200)
@given(st.sampled_from(list(PRIVATE.values())), st.data())
def test_however_a_private_key_is_cut_nothing_of_it_is_in_a_message(
    text: str, data: st.DataObject
) -> None:
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, len(text)))
    told = repr(read_keys(text[begin:end]))
    secret = [each for each in text.split("\n") if "KEY" not in each and "PuTTY" not in each]
    assert not any(piece in told for each in secret for piece in pieces(each, 16)[:-1])


PATHOLOGICAL = (
    *(
        "` ",
        "\n",
        "-",
        " ",
        "> ",
        '"',
        "\\",
        "A",
        "AAAA",
        "AAAAQ\n",
        "ssh-rsa\n",
        "BEGIN ",
        "-END ",
    ),
    *("-----BEGIN PUBLIC KEY-----\n", "---- BEGIN SSH2 PUBLIC KEY ----\n", "a,", "from=", 'a"b"'),
    *("ssh-rsa AAAA\n", "&lt;", "SHA256:", "1 ", "Comment: \\\n", "MII", "PRIVATE KEY"),
)


@pytest.mark.parametrize("piece", PATHOLOGICAL)
@pytest.mark.parametrize(
    "around", ["{}", "{} ssh-rsa AAAA x", "-----BEGIN X-----{}-----END X-----"]
)
def test_long_rubbish_is_answered_too(piece: str, around: str) -> None:
    text = around.format(piece * (100_000 // len(piece)))
    assert not read_keys(text).keys


def test_a_key_that_was_broken_and_cut_is_one_problem() -> None:
    left = pieces(_public(_rsa()), 60)[:-2]
    text = "\n".join([*left, "", "hello"])
    assert [each.line for each in read_keys(text).problems] == [1, len(left) + 2]


def test_the_note_of_a_key_whose_comment_slipped_is_told() -> None:
    pasted = read_keys(f'from="10.0.0.0/8" {line()}\njo@example.com')
    assert [key.comment for key in pasted.keys] == ["jo@example.com"]
    assert [note.line for note in pasted.notes] == [1]


def test_files_of_windows_are_read() -> None:
    text = line("jo")
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        _understood(text_of(text.encode(encoding)), text)
    assert text_of("J\u00fcrgen".encode("latin-1")) == "J\u00fcrgen"
