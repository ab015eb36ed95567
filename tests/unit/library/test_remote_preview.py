"""Pictures of a site: kept small and bare, or not at all and with a reason."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from faults.pages import Page, redirect
from faults.server import FaultServer
from modelkeep.core import limits
from modelkeep.errors import JobCancelledError, UnreadableSourceError
from modelkeep.http.client import Client
from modelkeep.http.urls import redacted
from modelkeep.library.remote_preview import SUFFIX, fetch_preview, fetch_preview_of, redrawn
from modelkeep.sources.site import RemoteFile, RemoteModel
from sites.pictures import png
from support.remote import QUICK, SOURCE

SECRET = b"a castle at 48.1374 11.5755"
BLUE = (40, 120, 200)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "previews" / f"key{SUFFIX}"


@pytest.fixture
def client() -> Client:
    return Client(options=QUICK)


def encoded(kind: str, size: tuple[int, int] = (40, 30), mode: str = "RGB", **how: Any) -> bytes:
    out = io.BytesIO()
    colour = BLUE if mode == "RGB" else (*BLUE, 255)
    Image.new(mode, size, colour).save(out, kind, **how)
    return out.getvalue()


def with_secrets(kind: str) -> bytes:
    """Return a picture that says where it was made, as its format says such things."""
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    how: dict[str, Any] = {"exif": exif}
    if kind == "PNG":
        how["pnginfo"] = PngImagePlugin.PngInfo()
        how["pnginfo"].add_text("parameters", SECRET.decode())
    if kind == "JPEG":
        how["comment"] = SECRET
    if kind in {"JPEG", "WEBP"}:
        how["xmp"] = SECRET
    if kind == "GIF":
        how = {"comment": SECRET}
    return encoded(kind, **how)


def png_that_says(width: int, height: int) -> bytes:
    """Return a small PNG that promises any number of pixels."""
    plain = png()
    head = b"IHDR" + struct.pack(">II", width, height) + plain[24:29]
    return plain[:12] + head + struct.pack(">I", zlib.crc32(head)) + plain[33:]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_a_picture_is_kept_without_what_was_written_beside_its_pixels(
    kind: str, server: FaultServer, client: Client, place: Path
) -> None:
    content = with_secrets(kind)
    assert SECRET in content
    assert fetch_preview(server.serve("/p", Page(content)), client, place) == place
    kept = place.read_bytes()
    assert SECRET not in kept
    with Image.open(place) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (40, 30))
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        pixel = image.getpixel((20, 15))
    assert isinstance(pixel, tuple)
    assert all(abs(one - other) < 12 for one, other in zip(pixel, BLUE, strict=True))
    assert [each.name for each in place.parent.iterdir()] == [place.name]


@pytest.mark.parametrize(
    ("size", "kept"), [((1536, 1024), (768, 512)), ((300, 3072), (75, 768)), ((10, 10), (10, 10))]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_no_side_is_longer_than_768_pixels(
    kind: str, size: tuple[int, int], kept: tuple[int, int]
) -> None:
    with Image.open(io.BytesIO(redrawn(encoded(kind, size), "p"))) as image:
        assert image.size == kept


def test_a_picture_stands_as_its_camera_said() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    with Image.open(io.BytesIO(redrawn(encoded("JPEG", (40, 20), exif=exif), "p"))) as image:
        assert image.size == (20, 40)


def test_what_one_can_see_through_becomes_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(redrawn(out.getvalue(), "p"))) as image:
        assert image.getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "CMYK"])
def test_every_kind_of_colours_is_understood(mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (20, 20)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    with Image.open(io.BytesIO(redrawn(out.getvalue(), "p"))) as image:
        assert (image.mode, image.size) == ("RGB", (20, 20))


def test_of_a_film_in_gif_the_first_picture_is_kept() -> None:
    out = io.BytesIO()
    first, second = Image.new("RGB", (20, 20), BLUE), Image.new("RGB", (20, 20), (250, 10, 10))
    first.save(out, "GIF", save_all=True, append_images=[second])
    with Image.open(io.BytesIO(redrawn(out.getvalue(), "p"))) as image:
        pixel = image.getpixel((10, 10))
    assert isinstance(pixel, tuple)
    assert pixel[2] > pixel[0]


BROKEN = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "neither PNG"),
    "html": (b"<!doctype html><title>Log in</title>", "neither PNG"),
    "video": (b"\0\0\0\x20ftypisom" + bytes(100), "neither PNG"),
    "tiff": (encoded("TIFF"), "neither PNG"),
    "nothing": (b"", "neither PNG"),
    "truncated PNG": (encoded("PNG", (400, 400))[:-40], "p is not a displayable picture"),
    "truncated JPEG": (encoded("JPEG", (400, 400))[:-900], "truncated"),
    "truncated WEBP": (encoded("WEBP", (400, 400))[:40], "p is not a displayable picture"),
    "head alone": (b"\x89PNG\r\n\x1a\n", "p is not a displayable picture"),
    "pixel bomb": (png_that_says(50_000, 50_000), "50,000 x 50,000 pixels are too many"),
    "GIF bomb": (b"GIF89a" + b"\xff" * 4 + bytes(3) + b"\x2c" + bytes(20), "65,535 x 65,535"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_no_picture_is_refused_with_its_cause(
    case: str, server: FaultServer, client: Client, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content, why = BROKEN[case]
    with pytest.raises(UnreadableSourceError, match=why):
        redrawn(content, "p")
    with caplog.at_level(logging.WARNING):
        assert fetch_preview(server.serve("/p", Page(content)), client, place) is None
    assert "Discarding the preview" in caplog.text
    assert not place.exists()


@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "AVIF"]), st.data())
def test_no_damage_breaks_anything(kind: str, data: st.DataObject) -> None:
    content = bytearray(encoded(kind, (16, 16)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    try:
        kept = redrawn(bytes(content[: data.draw(st.integers(8, len(content)))]), "p")
    except UnreadableSourceError:
        return
    with Image.open(io.BytesIO(kept)) as image:
        assert max(image.size) <= 768


def test_an_answer_without_end_is_left_early(
    server: FaultServer, client: Client, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    huge = png() + bytes(limits.FETCHED_PREVIEW_BYTES)
    with caplog.at_level(logging.WARNING):
        assert fetch_preview(server.serve("/p", Page(huge)), client, place) is None
    assert f"{limits.FETCHED_PREVIEW_BYTES:,} bytes" in caplog.text
    assert not place.exists()


def test_a_refusal_is_told_and_its_link_is_not(
    server: FaultServer, client: Client, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = server.serve("/p", Page(b"no", 403)) + "?signature=hushhush"
    with caplog.at_level(logging.WARNING):
        assert fetch_preview(url, client, place) is None
    assert "403" in caplog.text
    assert "hushhush" not in caplog.text
    assert redacted(url).partition("?")[0] in caplog.text


def test_a_full_or_foreign_folder_fails_no_install(
    server: FaultServer, client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "previews").symlink_to("elsewhere")
    with caplog.at_level(logging.WARNING):
        url = server.serve("/p", Page(png()))
        assert fetch_preview(url, client, tmp_path / "previews" / "key.jpg") is None
    assert "is a link" in caplog.text
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("url", ["file:///etc/hostname", "data:image/png;base64,AAAA", "nonsense"])
def test_only_the_web_is_asked(url: str, client: Client, place: Path) -> None:
    assert fetch_preview(url, client, place) is None


def test_a_site_of_the_public_network_sends_us_into_no_private_one(
    server: FaultServer, client: Client, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    preview = server.serve("/p", Page(png()))
    remote = RemoteModel(
        source=SOURCE,
        name="x",
        files=(RemoteFile("https://models.example.org/x.safetensors", "x.safetensors"),),
        is_folder=False,
        preview=preview,
    )
    with caplog.at_level(logging.WARNING):
        assert fetch_preview_of(remote, client, place) is None
    assert "private network" in caplog.text
    assert not server.requests
    local = server.serve("/hop", redirect(preview))
    files = (RemoteFile(server.url("/x.safetensors"), "x.safetensors"),)
    near = RemoteModel(source=SOURCE, name="x", files=files, is_folder=False, preview=local)
    assert fetch_preview_of(near, client, place) == place
    bare = RemoteModel(source=SOURCE, name="x", files=files, is_folder=False)
    assert fetch_preview_of(bare, client, place) is None


def test_ctrl_c_is_no_failure_of_the_picture(server: FaultServer, place: Path) -> None:
    cancelled = Client(options=QUICK, cancelled=lambda: True)
    with pytest.raises(JobCancelledError):
        fetch_preview(server.serve("/p", Page(png())), cancelled, place)
