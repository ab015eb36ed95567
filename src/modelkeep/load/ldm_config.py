"""``LdmConfig``: the configuration file of a checkpoint, as the original code reads it.

The classes that it names are not looked at, let alone made: numbers and a few words are taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from modelkeep.core import limits
from modelkeep.core.names import shown
from modelkeep.core.reading import LocalFile
from modelkeep.errors import InvalidModelException

_HINT = "Correct the file, or remove it: the usual settings of the model's base are used then."
_UNSET = (None, -1)
_PREDICTIONS = {"v": "v_prediction", "eps": "epsilon", "x0": "sample"}


class LdmConfig:
    """Settings for the classes of diffusers, from a configuration of the original code.

    Each method returns what the file states, and nothing where it states nothing.

    Args:
        path: For messages.
        params: The map ``model: params:`` of the file.
    """

    def __init__(self, path: Path, params: Mapping[str, Any]) -> None:
        self._path = path
        self._params = params

    @classmethod
    def of(cls, path: Path | None) -> Self | None:
        """Read a file; None where there is none, as records name files that few people have.

        Raises:
            SourceError: it cannot be read.
            InvalidModelException: it is not such a configuration.
        """
        if path is None or not path.exists():
            return None
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        with LocalFile(path) as file:
            if file.size > limits.LAYOUT_FILE_BYTES:
                raise InvalidModelException(
                    f"{shown(path)} is too large for a configuration", hint=_HINT
                )
            content = file.read_at(0, file.size)
        yaml = YAML(typ="safe", pure=True)
        yaml.max_depth = limits.YAML_DEPTH
        try:
            value = yaml.load(content)
        except (YAMLError, ValueError, RecursionError) as error:
            raise InvalidModelException(f"{shown(path)} is not YAML", hint=_HINT) from error
        params = _map(_map(value, "model"), "params")
        if not params:
            raise InvalidModelException(f"{shown(path)} has no model: params:", hint=_HINT)
        return cls(path, params)

    def unet(self, *, is_sized: bool) -> dict[str, Any]:
        """Return the settings of the U-Net.

        Args:
            is_sized: It is told the size of the picture beside the text, as those of SDXL are.
        """
        params = self._inner("unet_config") or self._inner("network_config")
        if not params:
            return {}
        config = self._blocks(params) | self._embedding(params, is_sized=is_sized)
        levels = config["down_block_types"]
        up = ["CrossAttnUpBlock2D" if "Cross" in down else "UpBlock2D" for down in levels[::-1]]
        return config | {"up_block_types": up, "out_channels": self._number(params, "out_channels")}

    def controlnet(self, *, is_sized: bool) -> dict[str, Any]:
        """Return the settings of a ControlNet; see ``unet``."""
        params = self._inner("control_stage_config")
        if not params:
            return {}
        hint = {"conditioning_channels": self._number(params, "hint_channels")}
        return self._blocks(params) | self._embedding(params, is_sized=is_sized) | hint

    def vae(self) -> dict[str, Any]:
        """Return the settings of the VAE."""
        stated = self._params.get("scale_factor")
        config = {} if stated is None else {"scaling_factor": self._real(stated, "scale_factor")}
        params = _map(self._inner("first_stage_config"), "ddconfig")
        if not params:
            return config
        width, levels = self._number(params, "ch"), self._numbers(params, "ch_mult")
        return config | {
            "in_channels": self._number(params, "in_channels"),
            "out_channels": self._number(params, "out_ch"),
            "block_out_channels": [width * level for level in levels],
            "down_block_types": ["DownEncoderBlock2D"] * len(levels),
            "up_block_types": ["UpDecoderBlock2D"] * len(levels),
            "latent_channels": self._number(params, "z_channels"),
            "layers_per_block": self._number(params, "num_res_blocks"),
        }

    def scheduler(self) -> dict[str, Any]:
        """Return the settings of the scheduler."""
        config: dict[str, Any] = {}
        usual = "eps" if "unet_config" in self._params else None
        if (stated := self._params.get("parameterization", usual)) is not None:
            if (prediction := _PREDICTIONS.get(str(stated))) is None:
                raise self._wrong("parameterization", stated)
            config["prediction_type"] = prediction
        denoiser = self._inner("denoiser_config")
        scaling = str(_map(denoiser, "scaling_config").get("target", "")).rpartition(".")[2]
        if scaling in {"VScaling", "EpsScaling"}:
            config["prediction_type"] = "epsilon" if scaling == "EpsScaling" else "v_prediction"
        schedule = _map(_map(denoiser, "discretization_config"), "params")
        for setting, name in (("beta_start", "linear_start"), ("beta_end", "linear_end")):
            stated = self._params.get(name, schedule.get(name))
            if stated is not None:
                config[setting] = self._real(stated, name)
        if "timesteps" in self._params:
            config["num_train_timesteps"] = self._number(self._params, "timesteps")
        return config

    def _blocks(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return what U-Nets and ControlNets have in common."""
        width = self._number(params, "model_channels")
        levels = self._numbers(params, "channel_mult")
        attention = set(self._numbers(params, "attention_resolutions"))
        crosses = [2**level in attention for level in range(len(levels))]
        config: dict[str, Any] = {
            "in_channels": self._number(params, "in_channels"),
            "block_out_channels": [width * level for level in levels],
            "down_block_types": [
                "CrossAttnDownBlock2D" if cross else "DownBlock2D" for cross in crosses
            ],
            "layers_per_block": self._number(params, "num_res_blocks"),
            "use_linear_projection": bool(params.get("use_linear_in_transformer", False)),
        }
        if params.get("context_dim") is not None:
            config["cross_attention_dim"] = self._numbers(params, "context_dim")[0]
        if params.get("transformer_depth") is not None:
            depths = self._numbers(params, "transformer_depth")
            config["transformer_layers_per_block"] = depths if len(depths) > 1 else depths[0]
        return config | self._heads(params, width, levels)

    def _heads(self, params: Mapping[str, Any], width: int, levels: list[int]) -> dict[str, Any]:
        """Return how many heads there are: as many everywhere, or of a width."""
        if params.get("num_heads") not in _UNSET:
            return {"attention_head_dim": self._number(params, "num_heads")}
        if params.get("num_head_channels") in _UNSET:
            return {}
        each = self._number(params, "num_head_channels")
        return {"attention_head_dim": [max(width // each, 1) * level for level in levels]}

    def _embedding(self, params: Mapping[str, Any], *, is_sized: bool) -> dict[str, Any]:
        """Return what the U-Net is told beside the text."""
        if isinstance(params.get("num_classes"), int):
            return {"num_class_embeds": params["num_classes"]}
        if params.get("num_classes") != "sequential":
            return {}
        told = {"projection_class_embeddings_input_dim": self._number(params, "adm_in_channels")}
        return told if is_sized else {**told, "class_embed_type": "projection"}

    def _inner(self, name: str) -> Mapping[str, Any]:
        """Return the settings of an object that the file describes; empty where it has none."""
        return _map(_map(self._params, name), "params")

    def _number(self, params: Mapping[str, Any], name: str) -> int:
        value = params.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self._wrong(name, value)
        return value

    def _numbers(self, params: Mapping[str, Any], name: str) -> list[int]:
        value = params.get(name)
        values = value if isinstance(value, list) else [value]
        numbers = [each for each in values if isinstance(each, int) and each >= 0]
        if not values or len(numbers) < len(values):
            raise self._wrong(name, value)
        return numbers

    def _real(self, value: Any, name: str) -> float:
        if not isinstance(value, int | float):
            raise self._wrong(name, value)
        return float(value)

    def _wrong(self, name: str, value: object) -> InvalidModelException:
        what = "has no value for" if value is None else f"has {value!r:.40} for"
        return InvalidModelException(f"{shown(self._path)} {what} {name}", hint=_HINT)


def _map(value: Any, name: str) -> Mapping[str, Any]:
    """Return a map in a map; an empty one where there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
