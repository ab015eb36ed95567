"""Tokens: where they come from, who gets them, and that nobody else does."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from modelkeep.app.manager import ModelManager
from modelkeep.disk import paths
from modelkeep.errors import NotWritableError, SettingsError, UsageError
from modelkeep.settings import Settings
from modelkeep.sources.tokens import SiteTokens

SECRET = "hf_planted5eCr3tValue"
HUB = "https://huggingface.co/org/name/resolve/main/a.safetensors"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def made(
    tmp_path: Path, environment: Mapping[str, str] | None = None, **settings: str
) -> SiteTokens:
    # An empty folder, so that the cache of whoever runs the tests is not looked into.
    nothing = {"HF_HOME": str(tmp_path / "hf")}
    options: dict[str, object] = {"root": tmp_path / "root", **settings}
    return SiteTokens(Settings.load(**options), {**nothing, **(environment or {})})


def kept_by_others(tmp_path: Path, value: str = "cached-token-value") -> None:
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf/token").write_text(value + "\n")


def value(tokens: SiteTokens, name: str = "huggingface") -> str | None:
    held = tokens.find(name)
    return held.value if held else None


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestOrder:
    def test_argument_environment_secrets_others(self, tmp_path: Path) -> None:
        kept_by_others(tmp_path)
        made(tmp_path).set("huggingface", "from-secrets")
        tokens = made(tmp_path, {"HUGGING_FACE_HUB_TOKEN": "b", "HF_TOKEN": " a\n"})
        given = tokens.find("huggingface", "given")
        assert given is not None
        assert given.value == "given"
        assert [held.value for held in tokens.list()] == [
            "a", "b", "from-secrets", "cached-token-value",
        ]  # fmt: skip
        assert value(made(tmp_path)) == "from-secrets"
        assert made(tmp_path).remove("huggingface")
        assert value(made(tmp_path)) == "cached-token-value"
        assert not made(tmp_path).remove("huggingface")

    def test_where_each_comes_from_is_told(self, tmp_path: Path) -> None:
        kept_by_others(tmp_path)
        tokens = made(tmp_path, {"HF_TOKEN": SECRET})
        tokens.set("modelscope", "short")
        told = [(held.site, held.where, held.ending) for held in tokens.list()]
        assert told == [
            ("huggingface", "environment HF_TOKEN", "alue"),
            ("huggingface", "stored by programs of Hugging Face", "alue"),
            ("modelscope", str(tmp_path / "config/modelkeep/tokens/modelscope"), ""),
        ]

    def test_a_site_has_a_variable_of_its_name(self, tmp_path: Path) -> None:
        assert value(made(tmp_path, {"MODELSCOPE_API_TOKEN": "x"}), "modelscope") == "x"

    def test_what_may_not_be_sent_unasked_is_not_found(self, tmp_path: Path) -> None:
        kept_by_others(tmp_path)
        environment = {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", "HF_TOKEN": SECRET}
        tokens = made(tmp_path, environment)
        assert value(tokens) is None
        tokens.set("huggingface", "mine")
        assert value(tokens) == "mine"


class TestSecrets:
    def test_it_is_for_its_owner_alone_and_holds_nothing_else(self, tmp_path: Path) -> None:
        path = made(tmp_path).set("huggingface", f" {SECRET}\n")
        assert path.read_text() == SECRET
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)
        made(tmp_path).set("huggingface", "another")
        assert (path.read_text(), mode(path)) == ("another", 0o600)
        assert [each.name for each in path.parent.iterdir()] == ["huggingface"]

    def test_what_others_can_read_is_closed_with_a_warning(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = made(tmp_path).set("huggingface", SECRET)
        path.chmod(0o644)
        path.parent.chmod(0o755)
        assert value(made(tmp_path)) == SECRET
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)
        assert caplog.text.count("Other users could read") == 2
        assert SECRET not in caplog.text

    def test_what_cannot_be_closed_is_not_used(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = made(tmp_path).set("huggingface", SECRET)
        path.chmod(0o644)

        def refuse(*_: object) -> None:
            raise NotWritableError("read-only")

        monkeypatch.setattr(paths, "set_mode", refuse)
        with pytest.raises(SettingsError, match="is not used") as caught:
            value(made(tmp_path))
        assert "chmod 600" in caught.value.hint

    def test_an_empty_one_is_none(self, tmp_path: Path) -> None:
        made(tmp_path).set("huggingface", "x").write_text("\n")
        assert value(made(tmp_path)) is None

    @pytest.mark.parametrize("token", ["two words", "", "a\nb", "\x07bell"])
    def test_what_is_no_token_is_not_kept_and_not_shown(self, token: str, tmp_path: Path) -> None:
        with pytest.raises(UsageError) as caught:
            made(tmp_path).set("huggingface", token)
        assert not token or token not in str(caught.value)
        assert not (tmp_path / "config").exists()

    @pytest.mark.parametrize("name", ["sofa", "server-token", "link", "../huggingface", ""])
    def test_only_sites_have_tokens(self, name: str, tmp_path: Path) -> None:
        tokens = made(tmp_path)
        with pytest.raises(UsageError, match="not a site") as caught:
            tokens.set(name, SECRET)
        assert "huggingface" in caught.value.hint
        with pytest.raises(UsageError):
            tokens.remove(name)
        assert tokens.find(name) is None

    def test_a_link_in_the_place_of_the_folder_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "config/modelkeep").mkdir(parents=True)
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "config/modelkeep/tokens").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(NotWritableError, match="link"):
            made(tmp_path).set("huggingface", SECRET)
        assert os.listdir(tmp_path / "elsewhere") == []  # noqa: PTH208 - names alone


def old_token(tmp_path: Path, value: str) -> Path:
    """Put a token where it once was, in the root."""
    path = tmp_path / "root/secrets/huggingface"
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    path.write_text(value)
    path.chmod(0o600)
    return path


class TestInTheRoot:
    def test_it_is_read_after_the_one_of_this_user(self, tmp_path: Path) -> None:
        old_token(tmp_path, "old")
        assert value(made(tmp_path)) == "old"
        made(tmp_path).folder.mkdir(parents=True, mode=0o700)
        (made(tmp_path).folder / "huggingface").write_text("new")
        assert [held.value for held in made(tmp_path).list()] == ["new", "old"]

    def test_it_goes_when_another_is_set_or_removed(self, tmp_path: Path) -> None:
        path = old_token(tmp_path, "old")
        made(tmp_path).set("huggingface", "new")
        assert not path.exists()
        old_token(tmp_path, "old")
        assert made(tmp_path).remove("huggingface")
        assert value(made(tmp_path)) is None

    def test_it_is_moved_out(self, tmp_path: Path) -> None:
        path = old_token(tmp_path, "old")
        assert made(tmp_path).kept_in_root() == ["huggingface"]
        made(tmp_path).take_out_of_root("huggingface")
        [held] = made(tmp_path).list()
        assert (held.value, path.exists()) == ("old", False)
        assert made(tmp_path).kept_in_root() == []

    def test_that_of_another_user_is_not_looked_at(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = old_token(tmp_path, "old")
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
        assert value(made(tmp_path)) is None
        assert not made(tmp_path).remove("huggingface")
        assert path.exists()


class TestForLink:
    @pytest.mark.parametrize(
        ("url", "fits"),
        [
            (HUB, True),
            ("https://hf.co/org/name", True),
            ("https://HuggingFace.co:443/a", True),
            ("http://huggingface.co/a", False),
            ("https://huggingface.co:8443/a", False),
            ("https://huggingface.co.evil.example/a", False),
            ("https://evil.example/?next=huggingface.co", False),
            ("https://huggingface.co@evil.example/a", False),
            ("https://cdn-lfs.huggingface.co/a", False),
            ("org/name", False),
            ("", False),
        ],
    )
    def test_the_origin_has_to_fit(self, url: str, fits: bool, tmp_path: Path) -> None:
        tokens = made(tmp_path, {"HF_TOKEN": SECRET})
        assert tokens.for_link(url) == (SECRET if fits else None)

    def test_a_mirror_gets_what_was_given_here_and_nothing_that_others_keep(
        self, tmp_path: Path
    ) -> None:
        kept_by_others(tmp_path)
        mirror = "https://mirror.example"
        assert made(tmp_path, hf_endpoint=mirror).for_link(f"{mirror}/a") is None
        assert value(made(tmp_path, hf_endpoint=mirror)) is None
        assert made(tmp_path, hf_endpoint=mirror).for_link(HUB) == "cached-token-value"
        given = made(tmp_path, {"HF_TOKEN": SECRET}, hf_endpoint=mirror)
        assert (value(given), given.for_link(f"{mirror}/a")) == (SECRET, SECRET)
        near = "http://127.0.0.1:9999"
        assert value(made(tmp_path, hf_endpoint=near)) == "cached-token-value"

    def test_nothing_is_found_where_there_is_no_token(self, tmp_path: Path) -> None:
        assert made(tmp_path).for_link(HUB) is None


def test_the_token_is_in_no_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        tokens = made(tmp_path, {"HF_TOKEN": SECRET})
        texts = [repr(tokens), str(tokens), *map(repr, tokens.list()), *map(str, tokens.list())]
    assert not any(SECRET in text for text in [*texts, caplog.text])


def test_downloads_of_an_earlier_run_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    with ModelManager(Settings(root=tmp_path)) as manager:
        assert manager.downloads._fetcher._token_for(HUB) == SECRET
        assert manager.sites.context.tokens["huggingface"] == SECRET
