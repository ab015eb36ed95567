"""What diffusers' ``from_single_file`` gives, found out in a process of its own.

Run with one argument, a JSON list of jobs; the answers are written where the jobs say.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Job(NamedTuple):
    """One call.

    Attributes:
        class_name: A class of diffusers, a pipeline or a model.
        file: The file to load.
        config: A folder of diffusers with the configs.
        out: Where the answer goes.
        dtype: Type to load in; empty for that of the file.
    """

    class_name: str
    file: str
    config: str
    out: str
    dtype: str = ""


def ask(*jobs: Job) -> list[dict[str, dict[str, Any]]]:
    """Do all jobs in one child process; return the modules of each by name.

    A module that is not part of a pipeline has no name. Each is given as its ``class``, its
    ``tensors``, its ``buffers`` and its ``config``.
    """
    import torch

    subprocess.run(
        [sys.executable, "-W", "ignore", __file__, json.dumps(jobs)],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
    )
    return [torch.load(job.out, weights_only=True) for job in jobs]


def describe(module: Any) -> dict[str, Any]:
    """Return what a module consists of."""
    config = module.config
    plain = config.to_dict() if hasattr(config, "to_dict") else dict(config)
    return {
        "class": type(module).__name__,
        "tensors": dict(module.state_dict()),
        "buffers": dict(module.named_buffers()),
        "config": json.dumps(plain, default=str, sort_keys=True),
    }


def _main() -> None:
    import diffusers
    import torch

    for job in (Job(*each) for each in json.loads(sys.argv[1])):
        more: Mapping[str, Any] = {"torch_dtype": getattr(torch, job.dtype)} if job.dtype else {}
        kind = getattr(diffusers, job.class_name)
        found = kind.from_single_file(job.file, config=job.config, local_files_only=True, **more)
        parts = found.components if hasattr(found, "components") else {"": found}
        modules = {
            name: describe(part)
            for name, part in parts.items()
            if isinstance(part, torch.nn.Module)
        }
        Path(job.out).parent.mkdir(parents=True, exist_ok=True)
        torch.save(modules, job.out)


if __name__ == "__main__":
    _main()
