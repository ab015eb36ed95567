"""All that a module holds, as values that two processes can compare.

Run as a program it loads modules with ``from_pretrained``, which changes process-wide state and
so has a process to itself: it takes a file with cases and writes the fingerprints of each.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import torch

NO_CONTENTS = "no contents"
#: Of a tensor: its type, its shape and the hash of its bytes.
Fingerprints = dict[str, list[Any]]


class Case(NamedTuple):
    """A module to load.

    Attributes:
        folder: Where its files are.
        library: Package that has the class.
        class_name: Of the module.
        dtype: Type that its numbers are to have.
        variant: Form of the weights, such as ``fp16``; empty for the plain one.
    """

    folder: str
    library: str
    class_name: str
    dtype: str
    variant: str = ""

    def __str__(self) -> str:
        return f"{self.class_name} in {self.folder} as {self.dtype}"


def fingerprints(module: torch.nn.Module) -> Fingerprints:
    """Return those of all parameters, buffers and tensors that are plain attributes."""
    found: Fingerprints = {"training": [module.training]}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        found[f"parameter {name}"] = _of(parameter)
    for name, buffer in module.named_buffers(remove_duplicate=False):
        found[f"buffer {name}"] = _of(buffer)
    for name, each in module.named_modules():
        for key, value in vars(each).items():
            if isinstance(value, torch.Tensor):
                found[f"attribute {name}.{key}"] = _of(value)
    return found


def _of(tensor: torch.Tensor) -> list[Any]:
    if tensor.is_meta:
        return [str(tensor.dtype), list(tensor.shape), NO_CONTENTS]
    content = tensor.detach().contiguous().view(-1).view(torch.uint8).numpy().tobytes()
    return [str(tensor.dtype), list(tensor.shape), hashlib.sha256(content).hexdigest()]


def _load(case: Case) -> torch.nn.Module:
    import diffusers
    import transformers

    libraries = {"diffusers": diffusers, "transformers": transformers}
    home = libraries.get(case.library) or getattr(diffusers.pipelines, case.library)
    kind = getattr(home, case.class_name)
    name = "torch_dtype" if case.library == "diffusers" else "dtype"
    more: dict[str, Any] = {name: getattr(torch, case.dtype), "variant": case.variant or None}
    if not any(path.suffix == ".safetensors" for path in Path(case.folder).iterdir()):
        more["use_safetensors"] = False
    module: torch.nn.Module = kind.from_pretrained(case.folder, **more)
    return module


def main(cases: Path, out: Path) -> None:
    """Load the cases in a file of JSON, and write their fingerprints as JSON."""
    torch.set_num_threads(1)
    found = [fingerprints(_load(Case(*case))) for case in json.loads(cases.read_text())]
    out.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
