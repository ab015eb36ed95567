from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from modelkeep import ModelKeepError, ModelManager, Settings, SettingsError
from modelkeep.settings import default_root, read_settings_file


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MODELKEEP_ROOT", raising=False)
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    return tmp_path


def write(root: Path, text: str) -> None:
    (root / "modelkeep.yaml").write_text(text)


class TestRoot:
    def test_option_environment_platform(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_DATA_HOME", str(root / "data"))
        assert Settings.load().root == root / "data" / "modelkeep"
        monkeypatch.setenv("MODELKEEP_ROOT", str(root / "named"))
        assert Settings.load().root == root / "named"
        assert Settings.load(root=root / "given").root == root / "given"
        assert Settings.load(root=None).root == root / "named"

    def test_it_becomes_absolute(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(root)
        monkeypatch.setenv("HOME", str(root))
        assert Settings.load(root="lib").root == root / "lib"
        assert Settings.load(root="~/lib").root == root / "lib"
        monkeypatch.setenv("MODELKEEP_ROOT", "~/lib")
        assert default_root() == root / "lib"

    def test_nothing_is_made(self, root: Path) -> None:
        Settings.load(root=root / "new")
        assert list(root.iterdir()) == []

    def test_other_folders_follow_it(self, root: Path) -> None:
        settings = Settings.load(root=root, autoimport_dir="/elsewhere", db_path="my.db")
        assert settings.models_dir == root / "models"
        assert settings.conf_path == root / "configs/models.yaml"
        assert settings.autoimport_dir == Path("/elsewhere")
        assert settings.db_path == root / "my.db"
        assert settings.staging_dir == root / "models/.staging"
        assert settings.trash_dir == root / "models/.trash"
        assert settings.state_path == root / "databases/state.db"
        assert settings.settings_path == root / "modelkeep.yaml"

    def test_the_catalogue_can_be_a_file_auto_or_none(self, root: Path) -> None:
        assert Settings.load(root=root).model_config_db == "auto"
        assert Settings(root=root, model_config_db=None).model_config_db is None
        assert Settings.load(root=root, model_config_db="a.db").model_config_db == root / "a.db"


class TestPrecedence:
    def test_file_environment_command_line(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def now(**options: object) -> tuple[int, str]:
            settings = Settings.load(root=root, **options)
            return settings.port, settings.origins(dict(options))["port"]

        assert now() == (9494, "default")
        write(root, "port: 1\n")
        assert now() == (1, "modelkeep.yaml")
        monkeypatch.setenv("MODELKEEP_PORT", "2")
        assert now() == (2, "environment MODELKEEP_PORT")
        assert now(port=3) == (3, "command line")
        assert now(port=None) == (2, "environment MODELKEEP_PORT")

    def test_the_file_is_that_of_the_root(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(root, "port: 1\n")
        monkeypatch.setenv("MODELKEEP_ROOT", str(root))
        assert Settings.load().port == 1
        assert Settings.load(root=root / "other").port == 9494

    def test_hugging_face_has_a_variable_of_its_own(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(root, "hf_endpoint: https://file\n")
        assert Settings.load(root=root).hf_endpoint == "https://file"
        monkeypatch.setenv("HF_ENDPOINT", "https://theirs")
        settings = Settings.load(root=root)
        assert settings.hf_endpoint == "https://theirs"
        assert settings.origins({})["hf_endpoint"] == "environment HF_ENDPOINT"
        monkeypatch.setenv("MODELKEEP_HF_ENDPOINT", "https://ours")
        settings = Settings.load(root=root)
        assert settings.hf_endpoint == "https://ours"
        assert settings.origins({})["hf_endpoint"] == "environment MODELKEEP_HF_ENDPOINT"
        assert Settings.load(root=root, hf_endpoint="https://given").hf_endpoint == "https://given"

    def test_every_setting_has_an_origin(self, root: Path) -> None:
        assert set(Settings.load(root=root).origins({})) == set(Settings.model_fields)

    def test_lists_and_maps_are_json_in_the_environment(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MODELKEEP_ALLOWED_HOSTS", '["a.example", "b.example"]')
        monkeypatch.setenv("MODELKEEP_ROOTS", '{"comfy": {"path": "/data", "layout": "comfyui"}}')
        settings = Settings.load(root=root)
        assert settings.allowed_hosts == ["a.example", "b.example"]
        assert settings.roots["comfy"].path == Path("/data")
        assert settings.roots["comfy"].readonly is False


class TestWhatCannotBeUsed:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("port", 70000),
            ("port", "sofa"),
            ("segments", 0),
            ("max_parallel_dl", 65),
            ("verify", "maybe"),
            ("ram_cache_gb", -1),
            ("max_content_level", "pg14"),
            ("roots", {"a": {"layout": "plain"}}),
            ("roots", {"a": {"path": "/a", "sofa": 1}}),
            ("sofa", 1),
        ],
    )
    def test_a_value_is_named(self, root: Path, name: str, value: object) -> None:
        with pytest.raises(SettingsError, match=name) as caught:
            Settings.load(root=root, **{name: value})
        assert "modelkeep.yaml" in caught.value.hint
        with pytest.raises(ValidationError, match=name):
            Settings(root=root, **{name: value})

    def test_the_place_of_each_bad_value_is_named(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(root, "segments: 99\nverfy: x\nroots: {a: {path: here}}\n")
        monkeypatch.setenv("MODELKEEP_PORT", "sofa")
        monkeypatch.setenv("HF_ENDPOINT", "https://theirs")
        with pytest.raises(ModelKeepError) as caught:
            Settings(root=root, verify="maybe")
        said, hint = str(caught.value), caught.value.hint
        file = root / "modelkeep.yaml"
        assert f"segments: must be at most 64 (from {file})" in said
        assert f"verfy: is not a setting; did you mean verify? (from {file})" in said
        assert f"start with ~; 'here' is not (from {file})" in said
        assert "(from MODELKEEP_PORT)" in said
        assert "'strict', 'warn' or 'off' (from an argument)" in said
        assert "Correct or unset MODELKEEP_PORT." in hint
        assert f"Correct it in {file}." in hint
        assert "HF_ENDPOINT" not in said + hint
        with pytest.raises(ModelKeepError, match="MODELKEEP_PORT"):
            ModelManager(root)

    def test_unknown_names_in_the_environment_are_warned_of(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("MODELKEEP_VERFY", "1")
        monkeypatch.setenv("MODELKEEP_SOFA", "1")
        for _ in range(2):
            Settings.load(root=root)
        assert sorted(record.getMessage() for record in caplog.records) == [
            "MODELKEEP_SOFA is ignored: no setting is called that.",
            "MODELKEEP_VERFY is ignored: no setting is called that. Did you mean MODELKEEP_VERIFY?",
        ]

    def test_a_root_is_a_path_or_text(self, root: Path) -> None:
        assert Settings(root=str(root)).root == Settings(root=root).root == root
        for manager in (ModelManager(str(root)), ModelManager(root), ModelManager(root=str(root))):
            assert manager.settings.root == root
        assert repr(Settings(root=root)) == f"Settings(root={str(root)!r})"

    def test_in_the_environment(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MODELKEEP_ROOTS", "{")
        with pytest.raises(SettingsError, match="roots") as caught:
            Settings.load(root=root)
        assert "JSON" in caught.value.hint

    @pytest.mark.parametrize("text", ["- a\n", "port: [\n", "root: /x\n", "sofa: 1\n", "word\n"])
    def test_in_the_file(self, root: Path, text: str) -> None:
        write(root, text)
        with pytest.raises(SettingsError) as caught:
            Settings.load(root=root)
        assert caught.value.hint

    def test_a_file_that_is_no_text(self, root: Path) -> None:
        (root / "modelkeep.yaml").write_bytes(b"\xff\xfe\x00port")
        with pytest.raises(SettingsError, match="cannot be read"):
            Settings.load(root=root)

    def test_a_file_that_runs_code_does_not(self, root: Path) -> None:
        write(root, f"proxy: !!python/object/apply:os.mkdir ['{root}/made']\n")
        with pytest.raises(SettingsError):
            Settings.load(root=root)
        assert not (root / "made").exists()

    @pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "{}\n"])
    def test_an_empty_file_says_nothing(self, root: Path, text: str) -> None:
        write(root, text)
        assert read_settings_file(root / "modelkeep.yaml") == {}
        assert Settings.load(root=root).port == 9494


class TestWords:
    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("segments", "many", "segments: must be a whole number"),
            ("segments", 1.5, "segments: must be a whole number"),
            ("segments", 0, "segments: must be at least 1"),
            ("offline", "maybe", "offline: must be true or false"),
            ("ram_cache_gb", -1, "ram_cache_gb: must be more than 0"),
            ("verify", "hard", "verify: must be 'strict', 'warn' or 'off'"),
            ("models_dir", 5, "models_dir: must be a path"),
            ("model_config_db", 5, "model_config_db: must be a path, or must be 'auto'"),
            ("roots", 5, "roots: must be a map"),
            ("roots", {"ab": {}}, "roots.ab.path: is missing"),
            ("allowed_hosts", "x", "allowed_hosts: must be a list"),
            ("endpoints", {"a": 1}, "endpoints.a: must be text"),
            ("proxy", "nonsense", "proxy: must be an address such as http://host:3128"),
            ("proxy", "ftp://host:21", "proxy: must be an address such as http://host:3128"),
            ("proxy", "http://", "proxy: must be an address such as http://host:3128"),
            ("proxy", "host:many", "proxy: must be an address such as http://host:3128"),
        ],
    )
    def test_what_is_wrong_is_said_in_plain_words(
        self, root: Path, name: str, value: object, said: str
    ) -> None:
        with pytest.raises(SettingsError) as caught:
            Settings(root=root, **{name: value})
        assert str(caught.value).startswith(f"Invalid setting: {said}")
        assert "(from an argument)" in str(caught.value)
        assert str(caught.value).count("argument") == 1

    @pytest.mark.parametrize(
        "proxy", ["http://host", "host:3128", "socks5h://u:p@host:1080", "", None]
    )
    def test_proxies(self, root: Path, proxy: str | None) -> None:
        assert Settings(root=root, proxy=proxy).proxy == proxy
