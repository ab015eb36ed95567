"""Running a module on a device that it is too large for: layer by layer, by diffusers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

#: The hooks that diffusers adds for it, by the names in its registries.
_HOOKS = ("layer_execution_tracker", "lazy_prefetch_group_offloading", "group_offloading")


@contextmanager
def group_offloading(module: torch.nn.Module, device: torch.device) -> Iterator[None]:
    """Have the layers of a module come to a device one after the other, for a block.

    Where the device has streams, the next layer comes while one computes, and the tensors of the
    processor are used again when a layer leaves: nothing is copied back, and only what is on its
    way is pinned, so no further copy of the weights has to be counted.

    Args:
        module: On the processor, and used by nobody else.
        device: Where it computes.
    """
    from diffusers.hooks import HookRegistry, apply_group_offloading

    has_streams = device.type != "cpu"
    apply_group_offloading(
        module,
        onload_device=device,
        offload_device=torch.device("cpu"),
        offload_type="leaf_level",
        use_stream=has_streams,
        low_cpu_mem_usage=has_streams,
    )
    try:
        yield
    finally:
        registry = HookRegistry.check_if_exists_or_initialize(module)
        for name in _HOOKS:
            registry.remove_hook(name, recurse=True)
