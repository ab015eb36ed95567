"""What real folders hold beside models: links, junk, damage, half a download, odd names."""

from __future__ import annotations

import io
import os
import struct
import unicodedata
import zipfile
from pathlib import Path

from tree_maker import Maker
from tree_models import template
from tree_sidecars import Beside, png

#: The file that the unsafe pickles would make, if anything ever ran them.
CANARY = "CANARY-CODE-OF-A-MODEL-RAN"
_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in</body></html>\n"
_FILM = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(400)


def add_oddities(maker: Maker, comfyui: Path, extra: Path, elsewhere: Path) -> None:
    """Put everything that is no plain model into the tree."""
    models = comfyui / "models"
    _unknown(maker, models)
    _unsafe(maker, models)
    _corrupt(maker, models)
    _unfinished(maker, models)
    _copies(maker, models, extra)
    _links(maker, models, elsewhere)
    _odd_names(maker, models)
    _two_of_one_stem(maker, models / "loras")
    _junk(maker, comfyui)
    _unreadable(maker, models)


def _unknown(maker: Maker, models: Path) -> None:
    for number in (2, 4, 8):
        maker.unknown(models / f"upscale_models/{number}x-{maker.title()}.safetensors")
    maker.unknown(models / f"upscale_models/4x_{maker.title()}.pth")
    maker.unknown(models / "vae_approx/taster.safetensors")


def _unsafe(maker: Maker, models: Path) -> None:
    command = f"touch {maker.folder.absolute() / CANARY}"
    text = os.fsencode(command)
    maker.file(
        models / "embeddings/goodies.pt",
        b"cposix\nsystem\n(S'" + text + b"'\ntR.",
        maker.truth.unsafe,
    )
    body = b"\x80\x02cposix\nsystem\nX" + struct.pack("<I", len(text)) + text + b"\x85R."
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in (("data.pkl", body), ("version", b"3\n")):
            archive.writestr(zipfile.ZipInfo(f"archive/{name}", (1980, 1, 1, 0, 0, 0)), content)
    maker.file(models / "checkpoints/dreamyMix_final.ckpt", made.getvalue(), maker.truth.unsafe)
    # A pickle that calls itself safetensors.
    maker.file(models / "loras/surprise.safetensors", body, maker.truth.unsafe)


def _corrupt(maker: Maker, models: Path) -> None:
    noted = maker.truth.corrupt
    head = template("sdxl-lora").head(maker.title())
    maker.file(models / "loras/sdxl/loginNeeded.safetensors", _PAGE, noted)
    maker.file(models / "loras/sdxl/empty.safetensors", b"", noted)
    maker.file(models / "loras/sdxl/cutShort.safetensors", head + bytes(1000), noted)
    maker.file(models / "loras/sdxl/cutInHead.safetensors", head[: len(head) // 2], noted)
    maker.file(models / "vae/zeros.safetensors", bytes(70_000), noted)
    maker.file(models / "loras/liesAboutHead.safetensors", b"\xff" * 7 + b"\x7f{" + head[9:], noted)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 12345\n"
    maker.file(models / "text_encoders/pointer.safetensors", pointer, noted)


def _unfinished(maker: Maker, models: Path) -> None:
    head = template("sdxl").head(maker.title())
    for name in (
        "checkpoints/bigMix_v3.safetensors.part",
        "checkpoints/bigMix_v4.safetensors.crdownload",
        "diffusion_models/giant.safetensors.incomplete",
        "loras/flux/almost.safetensors.tmp",
        "loras/flux/nearly.safetensors.partial",
    ):
        maker.file(models / name, head[:4096], maker.truth.unfinished)
    # aria2 gives the file its full length at once, and keeps what is missing beside it.
    half = models / "checkpoints/halfThere_v1.safetensors"
    maker.file(half, head, maker.truth.unfinished)
    os.truncate(half, len(head) + template("sdxl").data)
    maker.date(half)
    maker.file(half.with_name(f"{half.name}.aria2"), b"\x00\x01" + bytes(40))


def _copies(maker: Maker, models: Path, extra: Path) -> None:
    title = maker.title()
    group = [
        maker.model(models / f"loras/sdxl/{title}.safetensors", "sdxl-lora", title=title),
        maker.model(models / f"loras/new/{title} (1).safetensors", "sdxl-lora", title=title),
        maker.model(extra / f"loras/{title}.safetensors", "sdxl-lora", title=title, place="extra"),
    ]
    maker.truth.copies.append([model.path for model in group])
    for kind, folder in (("sd1-lora", "loras"), ("vae", "vae"), ("sd1-embedding", "embeddings")):
        title = maker.title()
        group = [
            maker.model(models / folder / f"{title}.safetensors", kind, title=title),
            maker.model(models / folder / f"old/{title}_copy.safetensors", kind, title=title),
        ]
        maker.truth.copies.append([model.path for model in group])
    title = maker.title()
    group = [
        maker.model(models / f"vae/{title}_{end}.safetensors", "vae", title=title) for end in "ab"
    ]
    other = maker.folder / group[1].path
    before = other.stat()
    with other.open("r+b") as file:  # between the places that samples are taken from
        file.seek(before.st_size // 4)
        file.write(b"\x3c")
    os.utime(other, ns=(before.st_mtime_ns, before.st_mtime_ns))
    maker.truth.lookalikes.append([model.path for model in group])


def _links(maker: Maker, models: Path, elsewhere: Path) -> None:
    truth = maker.truth
    inside = [m for m in truth.models if m.place == "comfyui" and m.format != "diffusers"]
    for model in [m for m in inside if m.type == "lora"][:6:2]:
        path = maker.folder / model.path
        further = models / "loras/favourites" / path.name
        further.parent.mkdir(parents=True, exist_ok=True)
        further.hardlink_to(path)
        truth.hard_links.append((further.relative_to(maker.folder).as_posix(), model.path))
    for model in [m for m in inside if m.type == "lora"][1:7:2]:
        path = maker.folder / model.path
        link = models / "loras/favourites" / path.name
        maker.link(link, os.path.relpath(path, link.parent), truth.file_links)
    flux = maker.folder / next(m.path for m in inside if m.base == "flux" and m.type == "main")
    maker.link(models / "unet" / flux.name, f"../diffusion_models/{flux.name}", truth.file_links)
    maker.link(models / "loras/by-date", "sdxl", truth.folder_links)
    away = maker.model(
        elsewhere / f"loras/{maker.title()}.safetensors", "sdxl-lora", place="outside"
    )
    target = os.path.relpath(maker.folder / away.path, models / "loras")
    maker.link(models / "loras" / Path(target).name, target, truth.outside_links)
    maker.model(elsewhere / f"vae/{maker.title()}.safetensors", "vae", place="outside")
    target = os.path.relpath(elsewhere / "vae", models / "vae")
    maker.link(models / "vae/nas", target, truth.outside_links)
    for reason, name, leads_to in (
        ("dangling link", "checkpoints/gone.safetensors", "../../unmounted/gone.safetensors"),
        ("dangling link", "vae/disk", "../../../not-there"),
        ("link loop", "embeddings/itself.safetensors", "itself.safetensors"),
        ("link loop", "loras/round", "../loras"),
    ):
        (models / name).symlink_to(leads_to)
        maker.skip(reason, models / name)


def _odd_names(maker: Maker, models: Path) -> None:
    loras = models / "loras/names"
    ending = ".safetensors"
    for name in (
        os.fsdecode(b"caf\xe9-latin1") + ending,
        "n" * (255 - len(ending)) + ending,
        unicodedata.normalize("NFC", "pôrtrait-été") + ending,
        unicodedata.normalize("NFD", "pôrtrait-été") + ending,
        "墨の狐 🦊" + ending,
        "Ink Fox" + ending,
        "ink fox" + ending,
        "new\nline" + ending,
        "-rf --help $(id) 'quote\"" + ending,
        "v1.5.2-beta.3" + ending,
    ):
        maker.model(loras / name, "sd1-lora", title=maker.title())


def _two_of_one_stem(maker: Maker, loras: Path) -> None:
    """Write two models that share their sidecars, which state the size of the first one."""
    stem = maker.title()
    first = maker.model(loras / f"{stem}.safetensors", "sd1-lora", title=stem)
    second = maker.model(loras / f"{stem}.sft", "sdxl-lora", title=stem)
    beside = Beside(loras / f"{stem}.safetensors", stem, maker.serial)
    beside.truth.kind = "civitai.info of one of two"
    beside.write(".civitai.info", beside.answer())
    beside.says(name=f"{stem} v1.0")
    beside.truth.sha256 = beside.sha256
    first.sidecars = beside.truth
    maker.truth.other.append(f"{Path(first.path).parent.as_posix()}/{stem}.civitai.info")
    maker.truth.sidecars_of_two.append((first.path, second.path))


def _junk(maker: Maker, comfyui: Path) -> None:
    models = comfyui / "models"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("inside.txt", (1980, 1, 1, 0, 0, 0)), "not unpacked yet")
    for name, content in (
        ("models/loras/pack.zip", made.getvalue()),
        ("models/loras/how it looks.mp4", _FILM),
        ("models/loras/Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)),
        ("models/loras/.DS_Store", b"\x00\x00\x00\x01Bud1" + bytes(100)),
        ("models/checkpoints/put_checkpoints_here", b""),
        ("models/vae/put_vae_here", b""),
        ("models/loras/README.md", b"# My LoRAs\n"),
        ("models/configs/v1-inference.yaml", b"model:\n  base_learning_rate: 1.0e-04\n"),
        ("output/ComfyUI_00001_.png", png(1)),
        ("output/ComfyUI_00002_.png", png(2)),
        ("input/example.png", png(3)),
        ("user/default/workflows/ink.json", b'{"nodes": [], "links": []}'),
        ("custom_nodes/websocket_image_save.py", b"NODES = {}\n"),
        ("main.py", b"# ComfyUI\n"),
        ("folder_paths.py", b"# ComfyUI\n"),
    ):
        maker.file(comfyui / name, content)
    double = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(4000)
    maker.file(models / "loras/._style.safetensors", double, maker.truth.hidden)


def _unreadable(maker: Maker, models: Path) -> None:
    os.mkfifo(models / "checkpoints/pipe.safetensors")
    maker.skip("pipe", models / "checkpoints/pipe.safetensors")
    if os.geteuid() == 0:  # root may read everything
        return
    locked = models / "loras/locked"
    maker.file(locked / "hidden.safetensors", template("sd1-lora").head("locked"), [])
    maker.skip("no permission", locked)
