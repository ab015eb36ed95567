"""Files known by their sha256: what they are that no tensor name can tell."""

from __future__ import annotations

import msgspec

from modelkeep.core.taxonomy import BaseModelType, ModelType, SchedulerPredictionType

#: Edge in pixels of the releases of SD 2 that predict v; the smaller ones predict noise.
_LARGE = 768
_SDXL = BaseModelType.StableDiffusionXL


class KnownFile(msgspec.Struct, frozen=True):
    """One published file.

    Attributes:
        name: What its publisher calls it.
        found_in: Where the hash was read.
        base: Of the model.
        lineage: What it was tuned from or what others tune from it, where that matters.
        prediction_type: What it predicts, where its publisher says so.
        type: Of the model.
    """

    name: str
    found_in: str
    base: BaseModelType
    lineage: str | None = None
    prediction_type: SchedulerPredictionType | None = None
    type: ModelType = ModelType.Main


_DEFORUM = "the table of models of github.com/deforum-art/deforum-stable-diffusion"
_INDEX = "the index of github.com/darkshapes/nnll"
_WAN_PARTS = "lists of Comfy-Org/Wan_2.2_ComfyUI_Repackaged"


def _illustrious(release: str) -> KnownFile:
    return KnownFile(f"Illustrious XL {release}", _INDEX, _SDXL, "illustrious")


def _sd2(release: str, size: int) -> KnownFile:
    kind = SchedulerPredictionType
    predicts = kind.VPrediction if size == _LARGE else kind.Epsilon
    name = f"Stable Diffusion {release} ({size})"
    return KnownFile(name, _DEFORUM, BaseModelType.StableDiffusion2, prediction_type=predicts)


def _wan(part: str, noise: str) -> KnownFile:
    name = f"Wan 2.2 {part} {noise} noise (fp8)"
    return KnownFile(name, _WAN_PARTS, BaseModelType.Wan, f"wan-2.2-{noise}")


#: By the sha256 of the whole file, 64 lower-case hex characters.
KNOWN_FILES = {
    "67ab2fd8ec439a89b3fedb15cc65f54336af163c7eb5e4f2acc98f090a29b0b3": KnownFile(
        "Pony Diffusion V6 XL", "version 290640 of Civitai", _SDXL, "pony"
    ),
    "ea349eeae87ca8d25ba902c93810f7ca83e5c82f920edf12f273af004ae02819": KnownFile(
        "NoobAI-XL V-Pred 1.0",
        "lists of Laxhar/noobai-XL-Vpred-1.0",
        _SDXL,
        "noobai",
        SchedulerPredictionType.VPrediction,
    ),
    "bcaa7dd6780974f000b17b5a6c63e6f867a75c51ffa85c67d6b196882c69b992": KnownFile(
        "Playground v2.5 (fp16)", _INDEX, _SDXL, "playground"
    ),
    "3e15ba00387db678ab4a099f75771c4f5ac67fda9e7100a01d263eaf30145aa9": _illustrious("0.1"),
    "e3d12d0f76d61aa31d2668a2217e5b642592193f2946842c44d7056ea5469cce": _illustrious("0.1 guided"),
    "735cf3fefcbdc4f7817f53247e38b836ffd27c7641af6d8daa21d245242cb4bd": _illustrious("1.0"),
    "536863e9f0c13b0ce834e2f8a19ada425ee4f722c0ad3d0051ec7e6adaa8156c": _illustrious("1.1"),
    "c2a1a3eaa13d4c107dc7e00c3fe830cab427aa026362740ea094745b3422a331": _illustrious("2.0"),
    "1d5b43ff75b6ab598502d4c779d2fbfa3dceca51c60c3b609640a60772333916": KnownFile(
        "Animagine XL 4.0", "lists of cagliostrolab/animagine-xl-4.0", _SDXL, "animagine"
    ),
    "d635794c1fedfdfa261e065370bea59c651fc9bfa65dc6d67ad29e11869a1824": _sd2("2.0", 512),
    "bfcaf0755797b0c30eb00a3787e8b423eb1f5decd8de76c4d824ac2dd27e139f": _sd2("2.0", 768),
    "88ecb782561455673c4b78d05093494b9c539fc6bfc08f3a9a4a0dd7b0b10f36": _sd2("2.1", 512),
    "ad2a33c361c1f593c4a1fb32ea81afce2b5bb7d1983c6b94793a26a3b54b08a0": _sd2("2.1", 768),
    "cad711ae211c8b23455ec68cd6a190a33a3d874234a77eb57266d73f8f0e6c9f": _wan("t2v", "high"),
    "e71b96d7c82e638694c5e7fb98fac4bfb0e4ddc5fbbb4b1df40da8f0f1278a97": _wan("t2v", "low"),
    "6122e79d55e0f235698d11d657f3b196c5273c830da00b2b013c5a048d5e6a42": _wan("i2v", "high"),
    "5471a457b6ac404202a5fbe6c11595a3d5641fc766b00f38763f72303fffc21e": _wan("i2v", "low"),
}


def may_be_published(type_: ModelType, base: BaseModelType) -> bool:
    """Return whether the hash of a model of this type and base may tell more of it."""
    return any((one.type, one.base) == (type_, base) for one in KNOWN_FILES.values())
