"""Schedulers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelkeep.load.facts.family_facts import SchedulerFacts

_BETAS: Mapping[str, Any] = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
PNDM = SchedulerFacts(
    "PNDMScheduler", {**_BETAS, "prediction_type": "epsilon", "skip_prk_steps": True}
)
DDIM = SchedulerFacts(
    "DDIMScheduler", {**_BETAS, "clip_sample": False, "prediction_type": "epsilon"}
)
DDIM_V = SchedulerFacts("DDIMScheduler", {**DDIM.config, "prediction_type": "v_prediction"})
EULER = SchedulerFacts(
    "EulerDiscreteScheduler",
    {
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "interpolation_type": "linear",
        "num_train_timesteps": 1000,
        "prediction_type": "epsilon",
        "steps_offset": 1,
        "timestep_spacing": "leading",
        "use_karras_sigmas": False,
    },
)
#: For models that were trained by noise levels instead of steps.
_SIGMAS: Mapping[str, Any] = {"num_train_timesteps": 1000, "sigma_min": 0.002}
EDM_SOLVER = SchedulerFacts(
    "EDMDPMSolverMultistepScheduler",
    {**_SIGMAS, "prediction_type": "epsilon", "sigma_data": 0.5, "sigma_max": 80.0},
)
EDM_EULER = SchedulerFacts(
    "EDMEulerScheduler",
    {
        **_SIGMAS,
        "prediction_type": "v_prediction",
        "sigma_data": 1.0,
        "sigma_max": 120.0,
        "sigma_schedule": "exponential",
    },
)
FLOW_DYNAMIC = SchedulerFacts(
    "FlowMatchEulerDiscreteScheduler",
    {
        "base_image_seq_len": 256,
        "base_shift": 0.5,
        "max_image_seq_len": 4096,
        "max_shift": 1.15,
        "num_train_timesteps": 1000,
        "shift": 3.0,
        "use_dynamic_shifting": True,
    },
)
FLOW = SchedulerFacts(
    "FlowMatchEulerDiscreteScheduler",
    {**FLOW_DYNAMIC.config, "shift": 1.0, "use_dynamic_shifting": False},
)
