"""What sites and known hashes say of a model: it fills what the tensors leave open, no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core.hearsay import NO_HEARSAY, Hearsay, Statement
from modelkeep.core.identity import Identification
from modelkeep.core.taxonomy import BaseModelType, ModelType, SchedulerPredictionType
from modelkeep.errors import AmbiguousModelError, UnknownModelError
from modelkeep.identification.engine import identify_path
from modelkeep.identification.known_families import load_rules
from modelkeep.identification.known_hashes import KNOWN_FILES, KnownFile
from sample_models import SD2, SDXL, UNet, ldm_unet, typed, write_safetensors
from support import tiny

_SHA256 = "ab" * 32
_DOUBLE_STREAM = "transformer.transformer_blocks.0.attn.to_q"
_V = SchedulerPredictionType.VPrediction


def _civitai(base: str, type_: str = "", *types: str) -> Statement:
    return Statement("Civitai", (base, type_ or None), "civitai", frozenset(types))


def _lora(root: Path, module: str, width: int, **metadata: str) -> Path:
    path = root / "some-lora.safetensors"
    tensors = {
        f"{module}.lora_down.weight": ("F16", (4, width)),
        f"{module}.lora_up.weight": ("F16", (width, 4)),
    }
    path.write_bytes(tiny.safetensors_bytes(tensors, metadata))
    return path


def _main(root: Path, sizes: UNet, name: str = "some-model", **metadata: str) -> Path:
    tensors = typed(ldm_unet(sizes), prefix="model.diffusion_model.")
    return write_safetensors(root / f"{name}.safetensors", tensors, metadata)


def _identify(path: Path, *claims: Statement, sha256: str = "", by: str = "") -> Identification:
    return identify_path(path, rules=load_rules(), told=Hearsay(claims, sha256, by))


def _details(found: Identification, kind: str) -> list[str]:
    return [reason.detail for reason in found.evidence if reason.kind == kind]


def _publish(monkeypatch: pytest.MonkeyPatch, base: str, **facts: object) -> None:
    known = KnownFile("Harbour", "a list", BaseModelType(base), **facts)  # type: ignore[arg-type]
    monkeypatch.setitem(KNOWN_FILES, _SHA256, known)


def test_the_header_goes_before_sites_then_hashes_then_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(monkeypatch, "sdxl", lineage="animagine")
    site = _civitai("Illustrious", "Checkpoint", "main")
    named = _main(tmp_path, SDXL, "noobai-mix")
    headed = _main(tmp_path, SDXL, "noobai", **{"modelspec.title": "Pony Diffusion"})

    assert _identify(named).lineage == "noobai"
    assert _identify(named, sha256=_SHA256).lineage == "animagine"
    assert _identify(named, site, sha256=_SHA256).lineage == "illustrious"
    assert _identify(headed, site, sha256=_SHA256).lineage == "pony"


def test_whatever_is_overruled_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _publish(monkeypatch, "sdxl", lineage="animagine")
    path = _main(tmp_path, SDXL, "noobai", **{"modelspec.title": "Pony Diffusion"})

    found = _identify(path, _civitai("Illustrious"), sha256=_SHA256)

    overruled = [reason.kind for reason in found.evidence if reason.is_contradicted]
    assert overruled == ["metadata", "hash", "name"]
    assert "Civitai says Illustrious; its metadata says otherwise and decides" in _details(
        found, "metadata"
    )


def test_the_header_goes_before_the_name_for_what_a_model_predicts(tmp_path: Path) -> None:
    path = _main(tmp_path, SDXL, "some-vpred", **{"modelspec.prediction_type": "epsilon"})
    found = _identify(path)
    assert found.prediction_type == "epsilon"
    [overruled] = _details(found, "name")
    assert overruled.endswith("its metadata says otherwise and decides")


@pytest.mark.parametrize("told_by", ["hash", "site"])
def test_config_and_upcast_follow_what_it_is_told_to_predict(
    told_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(monkeypatch, "sd-2", prediction_type=_V)
    path = _main(tmp_path, SD2)
    alone = _identify(path)
    assert (alone.prediction_type, alone.legacy_config) == (None, None)

    if told_by == "hash":
        found = _identify(path, sha256=_SHA256)
    else:
        found = _identify(path, _civitai("SD 2.1 768"))

    assert found.prediction_type == "v_prediction"
    assert found.legacy_config == "v2-inference-v.yaml"
    assert found.upcast_attention is True


def test_the_tensors_win_over_what_a_site_says(tmp_path: Path) -> None:
    path = tiny.lora(tmp_path / "ink.safetensors")
    alone, found = _identify(path), _identify(path, _civitai("Pony", "Checkpoint", "main"))
    assert (found.type, found.base, found.lineage) == (alone.type, alone.base, None)
    assert _details(found, "metadata") == [
        "Civitai says Pony, Checkpoint; the tensors say LoRA for SD 1 and decide"
    ]


def test_what_agrees_is_told_without_doubt(tmp_path: Path) -> None:
    found = _identify(tiny.lora(tmp_path / "ink.safetensors"), _civitai("SD 1.5", "LORA", "lora"))
    assert _details(found, "metadata") == ["Civitai says SD 1.5, LORA"]


@pytest.mark.parametrize("words", ["Flux.1 D", "adapter:black-forest-labs/FLUX.1-dev"])
def test_a_site_tells_which_of_the_bases_that_the_tensors_fit(words: str, tmp_path: Path) -> None:
    path = _lora(tmp_path, _DOUBLE_STREAM, 3072)
    with pytest.raises(AmbiguousModelError):
        _identify(path)

    found = _identify(path, _civitai(words, "LORA", "lora"))

    assert (found.type, found.base) == ("lora", "flux")
    assert _details(found, "metadata") == [f"Civitai says {words}, LORA, and the tensors fit that"]


def test_a_site_tells_the_base_of_an_adapter_that_shows_none(tmp_path: Path) -> None:
    path = _lora(tmp_path, "lora_te1_text_model_encoder_layers_0_self_attn_q_proj", 768)
    with pytest.raises(UnknownModelError):
        _identify(path)
    assert _identify(path, _civitai("SDXL 1.0")).base == "sdxl"


@pytest.mark.parametrize("words", ["Pony", "Some Base 9"])
def test_a_site_that_names_none_of_them_is_quoted(words: str, tmp_path: Path) -> None:
    path = _lora(tmp_path, _DOUBLE_STREAM, 3072)
    with pytest.raises(AmbiguousModelError, match=rf"alike\. Civitai says {words}$"):
        _identify(path, _civitai(words))


def test_the_header_says_more_than_the_site_where_tensors_fit_several(tmp_path: Path) -> None:
    path = _lora(tmp_path, _DOUBLE_STREAM, 3072, **{"modelspec.architecture": "flux-1-dev/lora"})
    found = _identify(path, _civitai("Qwen"))
    assert found.base == "flux"
    assert any("Civitai says Qwen" in r.detail for r in found.evidence if r.is_contradicted)


def test_a_known_hash_names_a_file_that_no_rule_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(monkeypatch, "sdxl", lineage="harbour", type=ModelType.Lora)
    path = tmp_path / "odd.safetensors"
    path.write_bytes(tiny.safetensors_bytes({"never.seen": ("F32", (4, 4))}))

    found = _identify(path, sha256=_SHA256, by="A1111")

    assert (found.type, found.base, found.format) == ("lora", "sdxl", "lycoris")
    assert found.lineage == "harbour"
    assert _details(found, "hash") == [
        "known hash: its sha256, as A1111 states it, is that of Harbour (a list)"
    ]


def test_a_known_hash_tells_which_of_the_bases_that_the_tensors_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(monkeypatch, "qwen-image", type=ModelType.Lora)
    found = _identify(_lora(tmp_path, _DOUBLE_STREAM, 3072), sha256=_SHA256)
    assert found.base == "qwen-image"
    assert _details(found, "hash")


@pytest.mark.parametrize("how", ["clear", "ambiguous"])
def test_a_known_hash_never_contradicts_the_tensors(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(monkeypatch, "sdxl", lineage="harbour", type=ModelType.Lora)
    if how == "clear":
        found = _identify(tiny.lora(tmp_path / "ink.safetensors"), sha256=_SHA256)
        assert (found.base, found.lineage) == ("sd-1", None)
        assert "the tensors say SD 1 and decide" in _details(found, "hash")[0]
    else:
        with pytest.raises(AmbiguousModelError, match=r"alike\. Known hash: .* Harbour"):
            _identify(_lora(tmp_path, _DOUBLE_STREAM, 3072), sha256=_SHA256)


def test_nothing_told_changes_nothing(tmp_path: Path) -> None:
    path = tiny.lora(tmp_path / "ink.safetensors")
    told = identify_path(path, rules=load_rules(), told=NO_HEARSAY)
    assert told == identify_path(path, rules=load_rules())


@pytest.mark.parametrize(
    ("sha256", "config"),
    [
        ("d635794c1fedfdfa261e065370bea59c651fc9bfa65dc6d67ad29e11869a1824", "v2-inference.yaml"),
        ("ad2a33c361c1f593c4a1fb32ea81afce2b5bb7d1983c6b94793a26a3b54b08a0", "v2-inference-v.yaml"),
    ],
)
def test_a_renamed_release_of_sd_2_gets_its_config(
    sha256: str, config: str, tmp_path: Path
) -> None:
    assert _identify(_main(tmp_path, SD2, "renamed"), sha256=sha256).legacy_config == config
