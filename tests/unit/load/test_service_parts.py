"""The load service: parts of models, what stands in for them, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from modelkeep import SubModelType
from modelkeep.errors import (
    DeviceError,
    InvalidModelException,
    MissingPartError,
    ModelNotFoundException,
    UnknownModelException,
    UsageError,
)
from support.load_world import World


class TestParts:
    def test_a_main_model_needs_a_part_to_be_named(self, world: World) -> None:
        with pytest.raises(MissingPartError) as caught:
            world.service.get_model(world.main())
        assert "vae, unet, scheduler" in caught.value.hint

    def test_a_part_that_is_not_there_names_those_that_are_and_what_could_stand_in(
        self, world: World
    ) -> None:
        key = world.main()
        other = world.add("clip", 7, type="clip_embed", base="sd-1", format="checkpoint")
        world.add("xl", 8, type="clip_embed", base="sdxl", format="checkpoint")
        with pytest.raises(MissingPartError) as caught:
            world.service.get_model(key, "text_encoder")
        assert "vae, unet, scheduler" in str(caught.value)
        assert f"clip ({other})" in caught.value.hint
        assert "xl" not in caught.value.hint

    def test_a_model_that_is_one_thing_has_no_parts(self, world: World) -> None:
        key = world.add("vae", 3, type="vae", base="sd-1", format="checkpoint")
        assert world.service.get_model(key).type == "vae"
        with pytest.raises(MissingPartError, match="has no parts"):
            world.service.get_model(key, "vae")

    def test_another_model_stands_in_for_a_part(self, world: World) -> None:
        key = world.main()
        vae = world.add("better", 3, type="vae", base="sd-1", format="checkpoint")
        info = world.service.get_model(key, "vae", parts={"vae": vae})
        assert info.location == world.path_of(vae)
        assert (info.type, info.to_json()["submodel"]) == (SubModelType.Vae, "vae")
        assert world.told[-1][1]["submodel"] == "vae"
        assert world.service.peek(key, "vae", parts={"vae": vae}).part == "vae"
        assert world.service.get_model(vae).is_cached, "the same contents are one entry"

    def test_what_is_no_such_part_cannot_stand_in_for_it(self, world: World) -> None:
        key = world.main()
        lora = world.add("style", 3, type="lora", base="sd-1", format="lycoris")
        with pytest.raises(MissingPartError, match="style cannot stand in for the part 'vae'"):
            world.service.get_model(key, "vae", parts={"vae": lora})
        world.manager.records.update_model(key, {"vae": world.manager.records.get_model(lora).path})
        with pytest.raises(MissingPartError, match="it is a model of type lora"):
            world.service.get_model(key, "vae")
        other = world.main("other", 5)
        assert world.service.get_model(key, "unet", parts={"unet": other}).class_name == "FakeUnet"

    def test_a_slip_in_the_name_of_a_part_is_said(self, world: World) -> None:
        key = world.main()
        vae = world.add("better", 3, type="vae", base="sd-1", format="checkpoint")
        for slip in ("vea", "text-encoder"):
            with pytest.raises(MissingPartError, match=f"has no part '{slip}'"):
                world.service.get_model(key, "vae", parts={slip: vae})
        assert not world.service.get_model(key, "vae", parts={"text_encoder_3": vae}).is_cached

    def test_a_part_of_two_models_goes_with_either(self, world: World) -> None:
        first, other = world.main("first"), world.main("other", 2)
        vae = world.add("better", 3, type="vae", base="sd-1", format="checkpoint")
        for key in (first, other):
            world.service.get_model(key, "vae", parts={"vae": vae})
        assert world.service.evict(first, "unet") == 0
        assert world.service.evict(first, "vae") == 1

    def test_the_vae_of_the_record_stands_in(self, world: World) -> None:
        vae = world.add("better", 3, type="vae", base="sd-1", format="checkpoint")
        path = world.manager.records.get_model(vae).path
        key = world.main()
        world.manager.records.update_model(key, {"vae": path})
        assert world.service.get_model(key, "vae").location == world.path_of(vae)
        assert world.service.get_model(key, "unet").location == world.path_of(key)

    def test_a_vae_of_the_record_that_is_gone_is_said(self, world: World) -> None:
        key = world.main()
        world.manager.records.update_model(key, {"vae": "sd-1/vae/gone.safetensors"})
        with pytest.raises(ModelNotFoundException, match="The VAE of main does not exist"):
            world.service.get_model(key, "vae")

    def test_a_model_of_a_kind_that_no_loader_takes_is_refused(self, world: World) -> None:
        key = world.add("up", 3, type="upscaler", base="any", format="checkpoint")
        with pytest.raises(InvalidModelException, match="no loader takes models of type upscaler"):
            world.service.get_model(key)

    def test_unknown_keys_devices_and_precisions_are_refused(self, world: World) -> None:
        key = world.main()
        with pytest.raises(UnknownModelException):
            world.service.get_model("nothing", "vae")
        with pytest.raises(DeviceError, match="no device 'cuda:7'"):
            world.service.get_model(key, "vae", device="cuda:7")
        with pytest.raises(UsageError, match="no precision 'float12'"):
            world.service.get_model(key, "vae", precision="float12")
        with pytest.raises(DeviceError, match="no device '0'"):
            world.service.get_model(key, "vae", device=0)
        assert world.runtime.loads == []

    @pytest.mark.parametrize("seconds", [-1, math.nan, "soon", True])
    def test_times_that_are_none_are_refused_before_anything_is_loaded(
        self, world: World, seconds: Any
    ) -> None:
        key = world.main()
        with pytest.raises(UsageError, match="keep_alive cannot be"):
            world.service.get_model(key, "vae", keep_alive=seconds)
        with pytest.raises(UsageError, match="timeout cannot be"):
            world.service.get_model(key, "vae", timeout=seconds)
        assert world.runtime.loads == []

    def test_devices_and_precisions_of_torch_are_taken_too(self, world: World) -> None:
        class Named(str):  # what torch.dtype and torch.device say of themselves
            __slots__ = ()

        key = world.main()
        info = world.service.get_model(
            key, "vae", device=Path("cpu"), precision=Named("torch.float16"), keep_alive="forever"
        )
        assert (info.device, info.precision) == ("cpu", "torch.float16")
        again = world.service.get_model(
            key, "vae", device=info.device, precision=info.precision, keep_alive=1e12
        )
        assert again.is_cached
