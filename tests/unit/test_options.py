from __future__ import annotations

import pytest
import typer

from quillgate.options import parameters


def test_words_become_a_mapping_and_the_last_wins() -> None:
    given = ["QuillUrl=https://q/?a=b", "LoginBanner=", "BatchSize=1", "BatchSize=2"]
    assert parameters(given) == {
        "QuillUrl": "https://q/?a=b",
        "LoginBanner": "",
        "BatchSize": "2",
    }


@pytest.mark.parametrize("given", [None, []])
def test_none_are_none(given: list[str] | None) -> None:
    assert parameters(given) == {}


@pytest.mark.parametrize("word", ["BatchSize", "=5", "", "="])
def test_what_is_no_pair_is_wrong_usage(word: str) -> None:
    with pytest.raises(typer.BadParameter) as refused:
        parameters(["A=1", word])
    assert str(refused.value) == f"not NAME=VALUE: '{word}'"
    assert refused.value.exit_code == 2
