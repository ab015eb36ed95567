"""Mutated files give an error of ours or an answer. ``make torture`` reads millions of them."""

from __future__ import annotations

import pytest

from modelkeep.identification.readers.detect import read_header
from support.fuzz import KINDS, fuzz, gguf_seed, main, pickle_seeds, safetensors_seed
from support.in_memory import InMemory
from support.rounds import rounds


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files_raise_nothing_but_our_errors(kind: str) -> None:
    outcome = fuzz(kind, rounds(20_000), seed=27)
    assert outcome.read == rounds(20_000)
    assert outcome.accepted > 0


def test_files_before_their_mutation_are_accepted() -> None:
    for wrap, pickled in pickle_seeds():
        found = read_header(InMemory(wrap(pickled)))
        assert found.tensors["a"].shape == (2, 2)
        assert found.metadata == {"step": "5"}
    found = read_header(InMemory(safetensors_seed()[0]))
    assert found.tensors["a"].shape == (2, 4)
    found = read_header(InMemory(gguf_seed()))
    assert found.tensors["c"].shape == (2, 2, 8)
    assert found.metadata["n"] == "5"


def test_the_program_says_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--kind", "gguf", "--count", "200", "--seed", "3"]) == 0
    assert "gguf: seeds 3 to 3, 200 files read" in capsys.readouterr().out
