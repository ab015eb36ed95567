"""Asking what something is: sources, errors, reasons."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from modelkeep.core.reading import LocalFile
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.errors import (
    AmbiguousModelError,
    CorruptModelError,
    SourceNotFoundError,
    UnknownModelError,
    UnreadableSourceError,
)
from modelkeep.identification.conditions import Has
from modelkeep.identification.engine import (
    assess,
    identify,
    identify_path,
    open_view,
)
from modelkeep.identification.family import Family
from modelkeep.identification.known_families import load_rules
from modelkeep.identification.rule_set import RuleSet
from modelkeep.identification.rules import Rule
from sample_models import SD1, SDXL, checkpoint, ldm_vae, typed, write_safetensors
from unit.identification.cases import folder, plain


def _rule(name: str, *tensors: str, before: tuple[str, ...] = ()) -> Rule:
    return Rule(
        name=name,
        type=ModelType.Vae,
        base=BaseModelType.Any,
        format=ModelFormat.Checkpoint,
        requires=(Has(*tensors),),
        before=before,
    )


def _set(*rules: Rule) -> RuleSet:
    return RuleSet.of([Family(name="test", base=BaseModelType.Any, rules=rules)])


@pytest.fixture
def vae(tmp_path: Path) -> Path:
    return write_safetensors(tmp_path / "m.safetensors", typed(ldm_vae()))


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="does not exist"):
        identify(tmp_path / "no-such-file.safetensors")


def test_a_path_as_text(vae: Path) -> None:
    assert identify(str(vae)).source == str(vae)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.touch()

    with pytest.raises(CorruptModelError, match="is empty"):
        identify(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    os.mkfifo(path)

    with pytest.raises(UnreadableSourceError, match="neither a file nor a folder"):
        identify(path)


def test_a_device_is_refused() -> None:
    with pytest.raises(UnreadableSourceError):
        identify("/dev/zero")


def test_a_socket_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        with pytest.raises(UnreadableSourceError):
            identify(path)


def test_a_link_to_itself(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.symlink_to(path)

    with pytest.raises(UnreadableSourceError):
        identify(path)


def test_a_folder_named_like_a_file_is_a_folder(tmp_path: Path) -> None:
    config = {"_class_name": "AutoencoderKL", "latent_channels": 4}
    weights = {"diffusion_pytorch_model.safetensors": plain}

    found = identify(folder({"config.json": config}, weights, "vae.safetensors")(tmp_path))

    assert (found.type, found.format, found.name) == ("vae", "diffusers", "vae.safetensors")


def test_a_dotted_path_takes_the_name_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {"_class_name": "AutoencoderKL"}
    root = folder({"config.json": config}, {"w.safetensors": plain}, "my-vae")(tmp_path)
    monkeypatch.chdir(root)

    assert identify(".").name == "my-vae"


def test_unordered_matches_are_ambiguous_and_named(vae: Path) -> None:
    rules = _set(_rule("one", "quant_conv.weight"), _rule("two", "decoder.conv_in.weight"))

    with pytest.raises(AmbiguousModelError, match="'one' and 'two'") as caught:
        identify_path(vae, rules=rules)
    assert str(vae) in str(caught.value)


@pytest.mark.parametrize("turned", [False, True])
def test_order_is_declared_and_goes_through_others(turned: bool, vae: Path) -> None:
    rules = [
        _rule("first", "quant_conv.weight", before=("second",)),
        _rule("second", "no.such.tensor", before=("third",)),
        _rule("third", "decoder.conv_in.weight"),
    ]

    found = identify_path(vae, rules=_set(*(reversed(rules) if turned else rules)))

    assert any("quant_conv" in reason.detail for reason in found.evidence)


def test_an_unknown_file_names_the_nearest_rules_and_what_they_missed(tmp_path: Path) -> None:
    shapes = checkpoint(SD1)
    key = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    shapes[key] = (320, 640)
    path = write_safetensors(tmp_path / "m.safetensors", typed(shapes))

    with pytest.raises(UnknownModelError) as caught:
        identify(path)

    assert len(caught.value.nearest) == 3
    assert any("text context width is 640, not" in reason for reason in caught.value.nearest)


def test_explaining_shows_every_rule_the_winner_first(vae: Path) -> None:
    rules = load_rules()

    shown = assess(open_view(vae, names=rules.names)[0], rules)

    assert shown[0].rule.name == "sd-1 vae"
    assert shown[0].holds
    assert shown[0].held
    assert all(one.missing for one in shown[1:])
    assert {one.rule.name for one in shown} == {r.name for r in rules if not r.is_for_folders}


def test_explaining_an_unknown_file_raises_nothing(tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", typed({"weight": (1,)}))

    rules = load_rules()
    view, _ = open_view(path, names=rules.names)
    assert not any(one.holds for one in assess(view, rules))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[LocalFile]:
    """Every file that is opened from now on."""
    files: list[LocalFile] = []
    original = LocalFile.__init__

    def spy(self: LocalFile, path: Path) -> None:
        original(self, path)
        files.append(self)

    monkeypatch.setattr(LocalFile, "__init__", spy)
    return files


def test_no_more_is_read_than_the_header(tmp_path: Path, opened: list[LocalFile]) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", typed(checkpoint(SDXL)))
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")

    found = identify(path)

    assert found.base == "sdxl"
    assert found.size > 6_000_000_000
    assert sum(file.bytes_read for file in opened) <= header + 8 + 64 * 1024


def test_a_file_of_a_general_name_asks_the_folder_around_it(tmp_path: Path) -> None:
    path = tmp_path / "sdxl-vae" / "diffusion_pytorch_model.safetensors"

    assert identify(write_safetensors(path, typed(ldm_vae()))).base == "sdxl"


def test_the_json_has_every_field(vae: Path) -> None:
    found = identify(vae).to_json()

    assert found["type"] == "vae"
    assert found["evidence"][0].keys() == {"kind", "detail"}


@pytest.mark.parametrize("prefix", ["", "first_stage_model.", "vae."])
def test_the_prefix_that_matched_is_kept_and_not_printed(prefix: str, tmp_path: Path) -> None:
    shapes = {prefix + name: shape for name, shape in ldm_vae().items()}
    path = write_safetensors(tmp_path / "m.safetensors", typed(shapes))

    found = identify(path)

    assert (found.type, found.tensor_prefix) == ("vae", prefix)
    assert "tensor_prefix" not in found.to_json()


def test_a_checkpoint_has_the_prefix_of_its_denoiser_and_a_folder_none(tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", typed(checkpoint(SD1)))
    root = folder({"config.json": {"_class_name": "AutoencoderKL"}}, {"w.safetensors": plain}, "v")

    assert identify(path).tensor_prefix == "model.diffusion_model."
    assert identify(root(tmp_path)).tensor_prefix is None
