"""What loading must leave as it is for the whole process."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import torch


def process_state() -> dict[str, Any]:
    """Return what the libraries change when they load in their own ways, and more."""
    return {
        "default dtype": torch.get_default_dtype(),
        "default device": torch.get_default_device(),
        "generator": torch.get_rng_state().tolist(),
        "gradients": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
        "module": dict(vars(torch.nn.Module)),
        "linear": dict(vars(torch.nn.Linear)),
        "initialisers": dict(vars(torch.nn.init)),
        "functions": {name: getattr(torch, name) for name in ("empty", "linspace", "tensor")},
        "warnings": list(warnings.filters),
        "environment": dict(os.environ),
        "folder": Path.cwd(),
    }
