"""The files beside models of a made-up tree: right, stale, broken and odd ones."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tree_truth import SidecarTruth

_NOTHING = hashlib.sha256(b"").hexdigest()
#: Seconds by which a sidecar is younger than its model.
_LATER = 60
#: A picture of one pixel.
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def png(shade: int) -> bytes:
    """Return a picture of one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    pixels = zlib.compress(bytes((0, shade % 256)))
    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


class Beside:
    """Writes what lies beside one model and notes the truth about it.

    Args:
        model: The model's file.
        title: What people call it.
        serial: A number of its own.
    """

    def __init__(self, model: Path, title: str, serial: int) -> None:
        self.model = model
        self.title = title
        self.serial = serial
        self.truth = SidecarTruth("", [])

    @property
    def sha256(self) -> str:
        """The model's real hash."""
        return hashlib.sha256(self.model.read_bytes()).hexdigest()

    @property
    def tensors_sha256(self) -> str:
        """The real hash of its tensors."""
        whole = self.model.read_bytes()
        return hashlib.sha256(whole[8 + int.from_bytes(whole[:8], "little") :]).hexdigest()

    @property
    def size(self) -> int:
        """The model's real length."""
        return self.model.stat().st_size

    def write(self, ending: str, content: dict[str, Any] | bytes | str) -> None:
        """Write a file of the model's stem that has to be attached to it."""
        self._write(self.model.stem + ending, content)
        self.truth.files.append(self.model.stem + ending)

    def write_of_another(self, ending: str, content: dict[str, Any]) -> None:
        """Write a file of the model's stem that is about a model of another size or hash."""
        self._write(self.model.stem + ending, content)

    def write_broken(self, ending: str, content: bytes) -> None:
        """Write a file of the model's stem that has to be reported."""
        self._write(self.model.stem + ending, content)
        self.truth.problems += 1

    def _write(self, name: str, content: dict[str, Any] | bytes | str) -> None:
        if isinstance(content, dict):
            content = json.dumps(content, indent=2)
        path = self.model.with_name(name)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        time = self.model.stat().st_mtime_ns + _LATER * 10**9
        os.utime(path, ns=(time, time))

    def says(self, **fields: Any) -> None:
        """Note what a reader has to find."""
        self.truth.says.update(fields)

    def picture(self, ending: str = ".preview.png") -> None:
        """Write a preview."""
        self.write(ending, GIF if ending.endswith("gif") else png(self.serial))
        self.truth.says.setdefault("preview", self.model.stem + ending)

    def answer(self, **changes: Any) -> dict[str, Any]:
        """Return what Civitai says of the model."""
        number = 100_000 + self.serial
        url = f"https://civitai.com/api/download/models/{number}"
        file = {
            "name": f"{self.model.stem}_full.safetensors",
            "sizeKB": self.size / 1024,
            "hashes": {"SHA256": self.sha256.upper(), "AutoV2": self.sha256[:10].upper()},
            "downloadUrl": url,
            "primary": True,
            **changes,
        }
        return {
            "id": number,
            "modelId": 50_000 + self.serial,
            "name": "v1.0",
            "createdAt": "2024-03-01T10:00:00.000Z",
            "publishedAt": "2024-03-02T10:00:00.000Z",
            "baseModel": "SDXL 1.0",
            "trainedWords": [f"{self.title} style"],
            "description": f"<p>Made for <b>{self.title}</b></p><script>alert(1)</script>",
            "model": {"name": self.title, "type": "LORA", "tags": ["style", "made up"]},
            "files": [file],
            "downloadUrl": url,
        }

    def manager(self, **changes: Any) -> dict[str, Any]:
        """Return what ComfyUI-Lora-Manager keeps of the model."""
        return {
            "file_name": self.model.stem,
            "model_name": f"My {self.title}",
            "file_path": os.fsdecode(os.fsencode(self.model.name)),
            "size": self.size,
            "modified": self.model.stat().st_mtime,
            "sha256": self.sha256,
            "base_model": "Illustrious",
            "preview_url": "",
            "preview_nsfw_level": 0,
            "notes": "",
            "from_civitai": True,
            "civitai": {},
            "tags": ["mine"],
            **changes,
        }


def _nothing(beside: Beside) -> None:
    del beside


def _civitai(beside: Beside) -> None:
    beside.write(".civitai.info", beside.answer())
    beside.picture()
    beside.says(
        name=f"{beside.title} v1.0",
        trigger_phrases=(f"{beside.title} style",),
        description=f"Made for {beside.title}",
        base_hint="SDXL 1.0",
        tags=("style", "made up"),
        source=f"https://civitai.com/models/{50_000 + beside.serial}"
        f"?modelVersionId={100_000 + beside.serial}",
    )
    beside.truth.sha256 = beside.sha256


def _civitai_other_size(beside: Beside) -> None:
    beside.write_of_another(".civitai.info", beside.answer(sizeKB=beside.size / 1024 + 512))


def _civitai_unknown(beside: Beside) -> None:
    beside.write(".civitai.info", {})


def _civitai_broken(beside: Beside) -> None:
    beside.write_broken(".civitai.info", b'{"id": 1, "modelId":')
    beside.picture(".png")


def _manager(beside: Beside) -> None:
    beside.write(".metadata.json", beside.manager(civitai=beside.answer()))
    beside.picture(".gif")
    beside.says(
        name=f"My {beside.title}",
        base_hint="Illustrious",
        tags=("mine", "style", "made up"),
        trigger_phrases=(f"{beside.title} style",),
    )
    beside.truth.sha256 = beside.sha256


def _manager_of_another(beside: Beside) -> None:
    beside.write_of_another(".metadata.json", beside.manager(sha256="ab" * 32))


def _manager_pending(beside: Beside) -> None:
    beside.write(".metadata.json", beside.manager(sha256="", hash_status="pending"))
    beside.says(name=f"My {beside.title}")


def _manager_of_nothing(beside: Beside) -> None:
    beside.write(".metadata.json", beside.manager(sha256=_NOTHING))
    beside.says(name=f"My {beside.title}")


def _stability_matrix(beside: Beside) -> None:
    info = {
        "ModelId": 50_000 + beside.serial, "ModelName": beside.title,
        "ModelDescription": "<p>ours</p>", "Tags": ["art"], "ModelType": "LORA",
        "VersionId": 100_000 + beside.serial, "VersionName": "v2", "BaseModel": "Pony",
        "Hashes": {"SHA256": beside.sha256}, "TrainedWords": ["score_9", beside.title],
        "Source": "Civitai",
    }  # fmt: skip
    beside.write(".cm-info.json", info)
    beside.picture(".preview.png")
    beside.says(
        name=f"{beside.title} v2",
        base_hint="Pony",
        trigger_phrases=("score_9", beside.title),
        description="ours",
    )
    beside.truth.sha256 = beside.sha256


def _a1111(beside: Beside) -> None:
    info = {
        "description": "for prints", "sd version": "SD1", "preferred weight": 0.8,
        "activation text": f"{beside.title}, print", "negative text": "", "notes": "",
    }  # fmt: skip
    beside.write(".json", info)
    beside.picture(".png")
    words = (f"{beside.title}, print",)
    beside.says(description="for prints", base_hint="SD1", trigger_phrases=words)


def _swarm(beside: Beside) -> None:
    info = {
        "modelspec.title": beside.title,
        "modelspec.architecture": "stable-diffusion-xl-v1-base/lora",
        "modelspec.hash_sha256": f"0x{beside.tensors_sha256}",
    }
    beside.write(".swarm.json", info)
    beside.says(name=beside.title, base_hint="stable-diffusion-xl-v1-base")


def _rgthree(beside: Beside) -> None:
    info = {"sha256": beside.sha256, "trainedWords": [{"word": beside.title, "count": 12}]}
    beside.write(f"{beside.model.suffix}.rgthree-info.json", info)
    beside.says(trigger_phrases=(beside.title,))
    beside.truth.sha256 = beside.sha256


def _trigger_text(beside: Beside) -> None:
    words = f"{beside.title}, ink wash, flat colours"
    beside.write(".txt", f"{words}\n")
    beside.says(trigger_phrases=(words,))


def _description_text(beside: Beside) -> None:
    text = f"Trained on scans of {beside.title}. Use it at 0.7, with a long prompt.\n"
    beside.write(".description.txt", text)
    beside.picture(".thumb.png")
    beside.says(description=text.strip())


def _video_as_picture(beside: Beside) -> None:
    beside.write_broken(".preview.png", b"\x00\x00\x00\x18ftypisom" + bytes(64))


#: Every third model has nothing beside it, as people have it.
KINDS: tuple[tuple[str, Callable[[Beside], None]], ...] = (
    ("civitai.info", _civitai),
    ("civitai.info, other size", _civitai_other_size),
    ("nothing", _nothing),
    ("lora manager", _manager),
    ("lora manager, other hash", _manager_of_another),
    ("nothing", _nothing),
    ("lora manager, hash pending", _manager_pending),
    ("lora manager, hash of nothing", _manager_of_nothing),
    ("nothing", _nothing),
    ("cm-info", _stability_matrix),
    ("a1111 json", _a1111),
    ("nothing", _nothing),
    ("swarm", _swarm),
    ("rgthree", _rgthree),
    ("nothing", _nothing),
    ("trigger words", _trigger_text),
    ("description", _description_text),
    ("nothing", _nothing),
    ("civitai.info, unknown there", _civitai_unknown),
    ("civitai.info, broken", _civitai_broken),
    ("nothing", _nothing),
    ("a film named .png", _video_as_picture),
)


def write_beside(model: Path, title: str, serial: int, turn: int) -> SidecarTruth | None:
    """Write what lies beside a model; ``turn`` chooses among the kinds. None where nothing does."""
    kind, write = KINDS[turn % len(KINDS)]
    beside = Beside(model, title, serial)
    beside.truth.kind = kind
    write(beside)
    return beside.truth if beside.truth.files or beside.truth.problems else None
