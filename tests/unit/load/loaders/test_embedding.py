"""Textual inversions: tokens, text encoders and vectors of every form that they come in."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.errors import InvalidModelException, UnsafeModelError
from modelkeep.load.learned_embedding import LearnedEmbedding
from modelkeep.load.precision import Precision
from support.loading import files_of, load, plan_of, random_tensors, write_tensors
from support.pickles import FORMS
from support.published import needed, published

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

Shapes = dict[str, tuple[int, ...]]


def _load(path: Path, base: str) -> LearnedEmbedding:
    form = "embedding_folder" if path.is_dir() else "embedding_file"
    found = load(files_of(path, type="embedding", format=form, base=base))
    assert isinstance(found, LearnedEmbedding)
    return found


@pytest.mark.parametrize(
    ("base", "shapes", "told"),
    [
        ("sd-1", {"emb_params": (3, 768)}, {"cat": {"text_encoder": (3, 768)}}),
        ("sd-2", {"emb_params": (1024,)}, {"cat": {"text_encoder": (1, 1024)}}),
        ("sd-1", {"<kitten>": (768,)}, {"<kitten>": {"text_encoder": (1, 768)}}),
        ("sd-1", {"kitten": (2, 768)}, {"kitten": {"text_encoder": (2, 768)}}),
        ("sd-1", {"string_to_param.*": (2, 768)}, {"cat": {"text_encoder": (2, 768)}}),
        (
            "sd-1",
            {"string_to_param.kitten": (2, 768), "string_to_token.kitten": ()},
            {"kitten": {"text_encoder": (2, 768)}},
        ),
        (
            "sd-1",
            {"<one>": (768,), "<two>": (2, 768)},
            {"<one>": {"text_encoder": (1, 768)}, "<two>": {"text_encoder": (2, 768)}},
        ),
        (
            "sdxl",
            {"clip_l": (2, 768), "clip_g": (2, 1280)},
            {"cat": {"text_encoder": (2, 768), "text_encoder_2": (2, 1280)}},
        ),
        (
            "sdxl",
            {"text_encoders_0": (2, 768), "text_encoders_1": (2, 1280)},
            {"cat": {"text_encoder": (2, 768), "text_encoder_2": (2, 1280)}},
        ),
        (
            "flux",
            {"clip_g": (2, 768), "t5": (2, 4096), "t5_out": (2, 4096)},
            {
                "cat": {
                    "text_encoder": (2, 768),
                    "text_encoder_2": (2, 4096),
                    "text_encoder_2.output": (2, 4096),
                }
            },
        ),
        ("sd-3", {"t5xxl": (1, 4096)}, {"cat": {"text_encoder_3": (1, 4096)}}),
        ("chroma", {"t5": (1, 4096)}, {"cat": {"text_encoder": (1, 4096)}}),
    ],
)
def test_tokens_and_text_encoders_follow_from_names_and_widths(
    base: str, shapes: Shapes, told: dict[str, dict[str, tuple[int, int]]], tmp_path: Path
) -> None:
    written = random_tensors(shapes)
    embedding = _load(write_tensors(tmp_path / "cat.safetensors", written), base)

    found = {
        token: {encoder: tuple(vectors.shape) for encoder, vectors in mine.items()}
        for token, mine in embedding.vectors.items()
    }
    assert (found, embedding.tokens) == (told, tuple(told))
    kept = torch.cat([vectors.flatten() for vectors in embedding.tensors.values()])
    whole = [tensor.flatten() for name, tensor in written.items() if "token" not in name]
    assert torch.equal(kept.sort().values, torch.cat(whole).sort().values)
    for token, mine in told.items():
        for encoder in mine:
            assert token in embedding.of(encoder)


def test_a_folder_may_have_a_file_for_each_text_encoder(tmp_path: Path) -> None:
    folder = tmp_path / "cat"
    write_tensors(folder / "learned_embeds.safetensors", random_tensors({"<cat>": (768,)}))
    write_tensors(folder / "learned_embeds-steps-500.safetensors", random_tensors({"<x>": (768,)}))
    assert _load(folder, "sdxl").tokens == ("<cat>",)

    write_tensors(folder / "learned_embeds_2.safetensors", random_tensors({"<cat>": (1280,)}))
    embedding = _load(folder, "sdxl")
    assert set(embedding.vectors["<cat>"]) == {"text_encoder", "text_encoder_2"}


def test_its_precision_is_the_one_asked_for(tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "cat.safetensors", random_tensors({"emb_params": (2, 768)}))
    files = files_of(path, type="embedding", format="embedding_file", base="sd-1")
    embedding = load(files, precision=Precision.FLOAT16)

    assert embedding.vectors["cat"]["text_encoder"].dtype is torch.float16
    assert embedding.bytes == plan_of(files).bytes_in(Precision.FLOAT16) == 2 * 768 * 2
    assert embedding.to(torch.float32).bytes == 2 * embedding.bytes


@pytest.mark.parametrize(
    ("base", "shapes", "words"),
    [
        ("sd-1", {"emb_params": (2, 1024)}, ("does not fit sd-1", "1024 wide", "768")),
        ("sdxl", {"emb_params": (2, 1024)}, ("does not fit sdxl", "768 or 1280")),
        ("sd-1", {"emb_params": (2, 3, 768)}, ("[2, 3, 768]",)),
        ("sd-1", {"emb_params": (0, 768)}, ("[0, 768]",)),
        ("sd-1", {"emb_params": (2, 768), "step.weight": (2, 768)}, ("step.weight",)),
        ("sd-1", {"a.weight": (2, 768)}, ("no embedding", "a.weight")),
        ("sd-1", {"clip_l": (2, 768), "emb_params": (2, 768)}, ("not the only vectors",)),
        ("sd-1", {}, ("holds nothing",)),
    ],
)
def test_what_is_no_embedding_is_refused(
    base: str, shapes: Shapes, words: tuple[str, ...], tmp_path: Path
) -> None:
    path = write_tensors(tmp_path / "cat.safetensors", random_tensors(shapes))
    with pytest.raises(InvalidModelException) as caught:
        plan_of(files_of(path, type="embedding", format="embedding_file", base=base))

    assert all(word in str(caught.value) for word in (*words, "cat.safetensors"))
    assert caught.value.hint


def test_files_of_the_first_days_are_pickles(tmp_path: Path) -> None:
    vectors = torch.rand(2, 768)
    content = {"string_to_token": {"*": 265}, "string_to_param": {"*": vectors}, "name": "x"}
    torch.save(content, tmp_path / "cat.pt")

    embedding = _load(tmp_path / "cat.pt", "sd-1")

    assert torch.equal(embedding.vectors["cat"]["text_encoder"], vectors)


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cat.pt").write_bytes(FORMS["GLOBAL and REDUCE, protocol 2"]("os", "system"))

    with pytest.raises(UnsafeModelError, match=r"cat\.pt"):
        _load(tmp_path / "cat.pt", "sd-1")


@needed
def test_a_published_embedding_loads() -> None:
    embedding = _load(published("files", "test_embedding.safetensors"), "sd-1")

    assert embedding.vectors["test_embedding"]["text_encoder"].shape == (5, 768)
