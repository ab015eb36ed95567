"""What a main model predicts is said with evidence or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from modelkeep.core.identity import Identification
from modelkeep.identification.engine import identify
from modelkeep.identification.known_families import usual_prediction
from sample_models import SD1, SD2, SDXL, Shapes, UNet, ldm_unet, typed, write_safetensors
from unit.identification.cases import pipeline

_LDM = """\
model:
  target: ldm.models.diffusion.ddpm.LatentDiffusion
  params:
    parameterization: {}
    linear_start: 0.00085
"""
_SGM = """\
denoiser_config:
  params:
    scaling_config:
      target: sgm.modules.diffusionmodules.denoiser_scaling.{}
"""


def _file(
    root: Path,
    name: str = "some-model",
    unet: UNet = SDXL,
    extra: Shapes | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Identification:
    shapes = typed(ldm_unet(unet), prefix="model.diffusion_model.") | typed(extra or {}, "F32")
    return identify(write_safetensors(root / f"{name}.safetensors", shapes, metadata))


def _says(found: Identification, kind: str) -> bool:
    return any(reason.kind == kind and "predict" in reason.detail for reason in found.evidence)


@pytest.mark.parametrize("unet", [SD1, SD2, SDXL])
def test_nothing_is_said_without_evidence(unet: UNet, tmp_path: Path) -> None:
    found = _file(tmp_path, unet=unet)

    assert found.prediction_type is None
    assert found.to_json()["prediction_type"] is None


@pytest.mark.parametrize(
    ("extra", "prediction"),
    [
        ({"v_pred": (0,), "ztsnr": (0,)}, "v_prediction"),
        ({"edm_vpred.sigma_max": (), "edm_vpred.sigma_min": ()}, "v_prediction"),
        ({"edm_vpred.sigma_max": ()}, "v_prediction"),
        ({"edm_mean": (1, 4, 1, 1), "edm_std": (1, 4, 1, 1)}, None),
    ],
)
def test_marks_among_the_tensors(extra: Shapes, prediction: str | None, tmp_path: Path) -> None:
    assert _file(tmp_path, extra=extra).prediction_type == prediction


@pytest.mark.parametrize(
    ("field", "value", "prediction"),
    [
        ("modelspec.predict_key", "v", "v_prediction"),
        ("modelspec.predict_key", "epsilon", "epsilon"),
        ("modelspec.predict_key", "x0", "sample"),
        ("modelspec.predict_key", "noise of some kind", None),
        ("modelspec.prediction_type", "v", "v_prediction"),
        ("modelspec.prediction_type", "V_Prediction", "v_prediction"),
        ("ss_v_parameterization", "True", "v_prediction"),
        ("prediction_type", "v_prediction", "v_prediction"),
        ("modelspec.title", "Some XL V-Pred 1.0", "v_prediction"),
    ],
)
def test_fields_of_the_header(
    field: str, value: str, prediction: str | None, tmp_path: Path
) -> None:
    found = _file(tmp_path, metadata={field: value})

    assert found.prediction_type == prediction
    assert any(r.kind == "metadata" and field in r.detail for r in found.evidence) == (
        prediction is not None
    )


@pytest.mark.parametrize(
    ("name", "prediction"),
    [
        ("noobaiXLNAIXL_vPred10Version", "v_prediction"),
        ("noobaiXLNAIXL_vPredTestVersion", "v_prediction"),
        ("NoobAI-XL-Vpred-v1.0", "v_prediction"),
        ("someMixVPred_v2", "v_prediction"),
        ("mix-v-pred", "v_prediction"),
        ("mix_v_prediction_fp16", "v_prediction"),
        ("noobaiXLNAIXL_epsilonPred11Version", "epsilon"),
        ("mix_eps", "epsilon"),
        ("mix-eps-pred-1.1", "epsilon"),
        ("mix_vpred_to_eps", None),
        ("mix-non-vpred", None),
        ("alien_v_predator", None),
        ("steps_predictor", None),
        ("epsilonia", None),
        ("plain", None),
    ],
)
def test_words_in_names(name: str, prediction: str | None, tmp_path: Path) -> None:
    found = _file(tmp_path, name)

    assert found.prediction_type == prediction
    assert _says(found, "name") == (prediction is not None)


@pytest.mark.parametrize(
    ("text", "prediction"),
    [
        (_LDM.format('"v"'), "v_prediction"),
        (_LDM.format("v"), "v_prediction"),
        (_LDM.format("'v'  # of EasyFluff"), "v_prediction"),
        (_LDM.format("eps"), "epsilon"),
        (_LDM.format("x0"), "sample"),
        (_SGM.format("VScaling"), "v_prediction"),
        (_SGM.format("VScalingWithEDMcNoise"), "v_prediction"),
        (_SGM.format("EpsScaling"), "epsilon"),
        (_SGM.format("EDMScaling"), None),
        ("not: [yaml", None),
        ("", None),
    ],
)
def test_the_yaml_beside_a_file(text: str, prediction: str | None, tmp_path: Path) -> None:
    (tmp_path / "EasyFluffV11.2.yaml").write_text(text)

    found = _file(tmp_path, "EasyFluffV11.2", SD1)

    assert found.prediction_type == prediction
    legacy = "v1-inference-v.yaml" if prediction == "v_prediction" else "v1-inference.yaml"
    assert found.legacy_config == legacy
    assert _file(tmp_path, "another", SD1).prediction_type is None


def test_a_yaml_that_is_no_file_or_far_too_large_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    (tmp_path / "b.yaml").write_text(_LDM.format("v") + "#" * 100_000)

    assert _file(tmp_path, "a").prediction_type is None
    assert _file(tmp_path, "b").prediction_type is None


def test_sd2_saved_by_comfyui_has_its_legacy_config(tmp_path: Path) -> None:
    found = _file(tmp_path, unet=SD2, metadata={"modelspec.predict_key": "v"})

    assert (found.prediction_type, found.legacy_config) == ("v_prediction", "v2-inference-v.yaml")
    assert found.upcast_attention


def test_a_name_says_more_than_a_scheduler_that_leaves_it_open(tmp_path: Path) -> None:
    made = pipeline(SDXL, "StableDiffusionXLPipeline")(tmp_path)

    assert identify(made.rename(tmp_path / "noobai-vpred")).prediction_type == "v_prediction"


def test_a_folder_without_a_scheduler_says_nothing(tmp_path: Path) -> None:
    made = pipeline(SDXL, "StableDiffusionXLPipeline")(tmp_path)
    assert identify(made).prediction_type == "epsilon"

    (made / "scheduler/scheduler_config.json").unlink()

    assert identify(made).prediction_type is None


@pytest.mark.parametrize(
    ("base", "variant", "usual"),
    [
        ("sd-1", "normal", "epsilon"),
        ("sdxl", "pix2pix", "epsilon"),
        ("sd-2", "normal", "v_prediction"),
        ("sd-2", "inpaint", "epsilon"),
        ("flux", "dev", None),
    ],
)
def test_whoever_loads_such_a_model_learns_the_usual_value(
    base: str, variant: str, usual: str | None
) -> None:
    from modelkeep.core.taxonomy import BaseModelType

    assert usual_prediction(BaseModelType(base), variant) == usual
