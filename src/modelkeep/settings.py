"""Settings: ``modelkeep.yaml`` < environment (``MODELKEEP_*``) < options of the command line."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_origin
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from modelkeep.core.bwlimit import read_bwlimit
from modelkeep.core.names import is_inside, real_path, shown
from modelkeep.core.roots import MODELS_ROOT, Root, Roots, is_root_name
from modelkeep.errors import InvalidSettingsError, SettingsError, complaint_of

PREFIX = "MODELKEEP_"
SETTINGS_FILE = "modelkeep.yaml"

_PROXY_SCHEMES = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})

_log = logging.getLogger(__name__)

Verify = Literal["strict", "warn", "off"]


def _check_keep_alive(value: float | str) -> float | str:
    if not isinstance(value, str) and not value >= 0:
        raise ValueError("must be a number of seconds from 0, or forever")
    return value


class RootSettings(BaseModel):
    """One more folder that holds models.

    Attributes:
        path: The folder; absolute, ``~`` is the home folder.
        layout: Layout of the folder: comfyui, a1111, invokeai, hf-cache ... or plain.
        readonly: Nothing may ever be written in it, not even when asked.
        enrich: Sites may be asked about its models by their hashes; False leaves it out.
    """

    model_config = ConfigDict(extra="forbid")

    path: Path
    layout: str = Field(default="plain", pattern=r"^[a-z0-9][a-z0-9-]*$")
    readonly: bool = False
    enrich: bool = True

    @field_validator("path")
    @classmethod
    def _make_absolute(cls, value: Path) -> Path:
        path = value.expanduser()
        if not path.is_absolute():
            raise ValueError(
                f"the folder must be an absolute path or start with ~; {str(value)!r} is not"
            )
        return Path(os.path.normpath(path))


def _check_roots(roots: dict[str, RootSettings]) -> dict[str, RootSettings]:
    """Refuse names that cannot be used, and one folder under two names."""
    seen: dict[Path, str] = {}
    folded: set[str] = set()
    for name, root in roots.items():
        if not is_root_name(name):
            raise ValueError(
                f"{name!r} is not a valid root name: use 2 to 32 letters, digits, - and _, but "
                "not 'models'"
            )
        if name.casefold() in folded:
            raise ValueError(f"two roots are called {name}")
        folded.add(name.casefold())
        real = real_path(root.path)
        if real in seen:
            raise ValueError(f"{seen[real]} and {name} are the same folder, {root.path}")
        seen[real] = name
    return roots


def check_models_dir(roots: Mapping[str, RootSettings], models_dir: Path) -> None:
    """Refuse roots that share files with the folder of installed models.

    Raises:
        ValueError: one of them is ``models_dir``, contains it or lies in it.
    """
    home = real_path(models_dir)
    for name, root in roots.items():
        real = real_path(root.path)
        if real == home or is_inside(home, real) or is_inside(real, home):
            raise ValueError(
                f"the root {name} ({root.path}) and models_dir ({models_dir}) overlap; each file"
                " must be in one root only"
            )


def _check_bandwidth(text: str | None) -> str | None:
    read_bwlimit(text)
    return text


def _check_proxy(text: str | None) -> str | None:
    """Refuse what can be no proxy: its address has a scheme, or a port."""
    if not text:
        return text
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        has_place = bool(parts.hostname) and ("://" in text or parts.port is not None)
        is_usable = has_place and parts.scheme.lower() in _PROXY_SCHEMES
    except ValueError:  # of the port, or of brackets
        is_usable = False
    if not is_usable:
        raise ValueError("must be an address such as http://host:3128 or socks5h://host:1080")
    return text


def default_root() -> Path:
    """Return ``MODELKEEP_ROOT``, or the platform's data folder."""
    named = os.environ.get(f"{PREFIX}ROOT")
    if named:
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path  # noqa: PLC0415 - only where no root is named

    return user_data_path("modelkeep")


class Settings(BaseModel):
    """Settings of one modelkeep root; each field says what it does.

    Relative paths are relative to ``root``. An explicit argument wins over the environment, which
    wins over ``modelkeep.yaml`` in the root.

    Raises:
        SettingsError: the file or a value cannot be used; says which and from where. Of a value it
            is an ``InvalidSettingsError``, which is also a ``pydantic.ValidationError``.
    """

    model_config = ConfigDict(extra="forbid", validate_default=True, protected_namespaces=())

    def __init__(self, *, root: str | Path | None = None, **given: Any) -> None:
        if root is not None:
            given["root"] = root
        mark = _mark_of(_root_of(given) / SETTINGS_FILE)
        sources = _sources(type(self), given)
        values: dict[str, Any] = {}
        for source in reversed(sources):
            values = _merged(values, source.values)
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _invalid(error, type(self), sources) from None
        self._roots_origin = _RootsOrigin(given.get("roots") or {}, mark)

    def __repr__(self) -> str:
        return f"Settings(root={os.fspath(self.root)!r})"

    _roots_origin: _RootsOrigin = PrivateAttr()

    root: Path = Field(default_factory=default_root, description="folder of this library")
    models_dir: Path = Field(default=Path("models"), description="folder of installed models")
    autoimport_dir: Path = Field(
        default=Path("autoimport"), description="folder registered by sync"
    )
    conf_path: Path = Field(default=Path("configs/models.yaml"), description="the YAML catalogue")
    legacy_conf_dir: Path = Field(
        default=Path("configs/stable-diffusion"), description="configuration files of checkpoints"
    )
    db_path: Path = Field(
        default=Path("databases/modelkeep.db"), description="the SQLite catalogue"
    )
    model_config_db: Path | Literal["auto"] | None = Field(
        default="auto", description="auto, or the file of the catalogue"
    )
    max_parallel_dl: int = Field(default=5, ge=1, le=64, description="parallel downloads")
    segments: int = Field(default=8, ge=1, le=64, description="connections per download")
    verify: Verify = Field(default="strict", description="byte checks: strict, warn or off")
    bandwidth_limit: Annotated[str | None, AfterValidator(_check_bandwidth)] = Field(
        default=None, description="such as 10M, or a timetable: 08:00,2M 23:00,off"
    )
    offline: bool = Field(default=False, description="use no network")
    hf_endpoint: str = Field(
        default="https://huggingface.co",
        description="address of Hugging Face or a mirror",
    )
    civitai_endpoint: str = Field(default="https://civitai.com", description="address of Civitai")
    endpoints: dict[str, str] = Field(
        default_factory=dict, description="addresses of further sites, by name"
    )
    proxy: Annotated[str | None, AfterValidator(_check_proxy)] = Field(
        default=None, description="proxy for all requests"
    )
    allow_private_hosts: list[str] = Field(
        default_factory=list, description="private hosts that redirects and requests may lead to"
    )
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1 ...")
    precision: str = Field(default="auto", description="auto, float32, float16, bfloat16")
    ram_cache_gb: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="memory for loaded models, GB"
    )
    vram_cache_gb: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="GPU memory for loaded models, GB"
    )
    keep_alive: Annotated[float | Literal["forever"], AfterValidator(_check_keep_alive)] = Field(
        default="forever",
        description="seconds that an unused model stays in memory, or forever",
    )
    map_weights: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="map weight files instead of reading them: auto, always or never",
    )
    host: str = Field(default="127.0.0.1", description="address of the server")
    port: int = Field(default=9494, ge=0, le=65535, description="port of the server")
    allowed_hosts: list[str] = Field(default_factory=list, description="host names of the server")
    base_path: str = Field(default="", description="URL prefix of the server")
    cors_origins: list[str] = Field(
        default_factory=list, description="exact origins whose pages may use the API with a token"
    )
    trusted_proxies: list[str] = Field(
        default_factory=list, description="addresses of proxies that say who asks"
    )
    read_only: bool = Field(default=False, description="the server changes nothing")
    cert: Path | None = Field(default=None, description="certificate of the server, PEM")
    key: Path | None = Field(default=None, description="private key of the certificate, PEM")
    readable_dirs: list[Path] = Field(
        default_factory=list, description="folders outside the roots that requests may read"
    )
    streams: int = Field(default=256, ge=1, le=10_000, description="event streams of the server")
    streams_per_token: int = Field(
        default=8, ge=1, le=10_000, description="event streams of one token"
    )
    hf_read_through: bool = Field(
        default=False, description="the mirror of Hugging Face installs what is not there"
    )
    max_content_level: Literal["pg", "pg13", "r", "x", "xxx"] = Field(
        default="pg13", description="previews to download"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="what is logged"
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="how the server logs: text or json"
    )
    roots: Annotated[dict[str, RootSettings], AfterValidator(_check_roots)] = Field(
        default_factory=dict, description="more folders that hold models"
    )

    @field_validator("roots")
    @classmethod
    def _keep_roots_apart(
        cls, roots: dict[str, RootSettings], info: ValidationInfo
    ) -> dict[str, RootSettings]:
        if roots and {"root", "models_dir"} <= info.data.keys():
            library: Path = info.data["root"].expanduser().absolute()
            check_models_dir(roots, library / info.data["models_dir"].expanduser())
        return roots

    @model_validator(mode="after")
    def _make_paths_absolute(self) -> Self:
        self.__dict__["root"] = self.root.expanduser().absolute()
        names = ["models_dir", "autoimport_dir", "conf_path", "legacy_conf_dir", "db_path"]
        if isinstance(self.model_config_db, Path):
            names.append("model_config_db")
        for name in names:
            value: Path = getattr(self, name)
            self.__dict__[name] = self.root / value.expanduser()
        return self

    @classmethod
    def load(cls, **options: Any) -> Self:
        """Return the settings, ``options`` being those of the command line (None is not given).

        Raises:
            SettingsError: the file or a value cannot be used; says which and from where.
        """
        return cls(**{name: value for name, value in options.items() if value is not None})

    @classmethod
    def get_config(cls, **options: Any) -> Self:
        """The specification's way to the settings; makes the folder of the databases.

        Its programs open a database there before any service is made.
        """
        from modelkeep.disk.paths import make_folder  # noqa: PLC0415 - for these programs alone

        settings = cls.load(**options)
        make_folder(settings.db_path.parent)
        return settings

    def parse_args(self, *arguments: Any) -> None:
        """Ignore the command line: settings are complete when they are made.

        The specification's programs call it; options of theirs are given to ``get_config``.
        """
        del arguments

    @property
    def settings_path(self) -> Path:
        """The settings file."""
        return self.root / SETTINGS_FILE

    @property
    def state_path(self) -> Path:
        """The state file of this machine: jobs and journal."""
        return self.root / "databases" / "state.db"

    @property
    def staging_dir(self) -> Path:
        """Where models are put together before they are published."""
        return self.models_dir / ".staging"

    @property
    def trash_dir(self) -> Path:
        """Where removed models wait."""
        return self.models_dir / ".trash"

    @property
    def previews_dir(self) -> Path:
        """Where the pictures of installed models are."""
        return self.models_dir / ".previews"

    def named_roots(self) -> Roots:
        """Return the registered roots and ``models_dir``, as paths in records are split by them."""
        return Roots(
            {
                name: Root(name, root.path, root.layout, root.readonly, real_path(root.path))
                for name, root in self.roots.items()
            },
            Root(MODELS_ROOT, self.models_dir, real=real_path(self.models_dir)),
        )

    def take_over_roots(self) -> bool:
        """Take over the roots of the settings file, if that has changed since it was last read.

        Other processes register, move and unregister roots while this one runs. A file that cannot
        be used leaves the roots as they are. The catalogue is then to be given ``named_roots``.

        Returns:
            Whether the roots were read again.
        """
        origin, mark = self._roots_origin, _mark_of(self.settings_path)
        if mark == origin.mark:
            return False
        self._roots_origin = _RootsOrigin(origin.given, mark)
        try:
            fresh = type(self)(root=self.root, models_dir=self.models_dir, roots=origin.given)
        except SettingsError as error:
            _log.warning("The roots stay as they were: %s. %s", error, error.hint)
            return False
        self.__dict__["roots"] = fresh.roots
        return True

    def origins(self, options: dict[str, Any]) -> dict[str, str]:
        """Tell for each setting where its value comes from.

        Args:
            options: What was given on the command line.
        """
        in_file = read_settings_file(self.settings_path)
        found: dict[str, str] = {}
        for name in type(self).model_fields:
            variable = f"{PREFIX}{name.upper()}"
            if options.get(name) is not None:
                found[name] = "command line"
            elif variable in os.environ:
                found[name] = f"environment {variable}"
            elif name == "hf_endpoint" and os.environ.get("HF_ENDPOINT"):
                found[name] = "environment HF_ENDPOINT"
            else:
                found[name] = SETTINGS_FILE if name in in_file else "default"
        return found


@dataclass(frozen=True, slots=True)
class _RootsOrigin:
    """Where the roots come from; settings are equal whatever it is.

    Attributes:
        given: Those that are arguments.
        mark: Tells whether the settings file is still the one that was read.
    """

    given: Mapping[str, Any] = field(compare=False)
    mark: tuple[int, ...] = field(compare=False)


def _mark_of(file: Path) -> tuple[int, ...]:
    """Return what changes when a file does; an empty tuple where there is none."""
    try:
        there = file.stat()
    except OSError:
        return ()
    return there.st_mtime_ns, there.st_size, there.st_ino


@dataclass(frozen=True, slots=True)
class _Source:
    """A place where settings come from.

    Attributes:
        name: For messages; ``{name}`` stands for the setting in capitals.
        hint: What to do about a value from there.
    """

    name: str
    hint: str
    values: dict[str, Any]


def _sources(kind: type[BaseModel], given: dict[str, Any]) -> tuple[_Source, ...]:
    """Return where settings come from, the first going before the others; maps are merged."""
    path = _root_of(given) / SETTINGS_FILE
    file, theirs = shown(path), os.environ.get("HF_ENDPOINT")
    variable, theirs_hint = f"{PREFIX}{{name}}", "Correct or unset HF_ENDPOINT."
    return (
        _Source("an argument", f"Correct the argument, or drop it to use {file}.", given),
        _Source(variable, f"Correct or unset {variable}.", _environment(kind)),
        _Source("HF_ENDPOINT", theirs_hint, {"hf_endpoint": theirs} if theirs else {}),
        _Source(file, f"Correct it in {file}.", read_settings_file(path)),
    )


def _invalid(
    error: ValidationError, kind: type[BaseModel], sources: tuple[_Source, ...]
) -> InvalidSettingsError:
    """Return the error that says which values cannot be used, and where each one is from."""
    complaints: dict[str, str] = {}
    hints: list[str] = []
    for line in error.errors():
        where = _place_of(line["loc"], kind)
        text = complaint_of(line)
        if line["type"] == "extra_forbidden":
            near = get_close_matches(where[-1], kind.model_fields, 1) if len(where) == 1 else []
            text = "is not a setting" + (f"; did you mean {near[0]}?" if near else "")
        source = next((s for s in sources if _is_in(s.values, where)), None)
        names = {"name": where[0].upper()} if where else {}
        origin = f" (from {source.name.format(**names)})" if source else ""
        name = ".".join(where)
        # Of a value that may be of several kinds, each kind has its complaint.
        before = complaints[name].removesuffix(origin) + ", or " if name in complaints else ""
        complaints[name] = f"{before}{text}{origin}"
        hints += [source.hint.format(**names)] if source else []
    listed = "; ".join(f"{name}: {text}" for name, text in complaints.items())
    title = f"Invalid setting: {listed}"
    return InvalidSettingsError.of(title, error, hint=" ".join(dict.fromkeys(hints)))


def _place_of(place: tuple[int | str, ...], kind: type[BaseModel]) -> tuple[str, ...]:
    """Return the setting that pydantic means, and the entry of a map; no names of its own kinds."""
    names = tuple(map(str, place))
    field = kind.model_fields.get(names[0]) if names else None
    return names if field is None or get_origin(field.annotation) is dict else names[:1]


def _is_in(values: dict[str, Any], where: tuple[str, ...]) -> bool:
    """Tell whether a source has a value, or the entry of a map that it is in."""
    if not where or where[0] not in values:
        return False
    inner = values[where[0]]
    return len(where) == 1 or not isinstance(inner, dict) or where[1] in inner


def _environment(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the settings of the environment; lists and maps are written as JSON."""
    named = {
        name.removeprefix(PREFIX.lower()): (variable, text)
        for variable, text in os.environ.items()
        if (name := variable.lower()).startswith(PREFIX.lower())
    }
    for name in named.keys() - kind.model_fields.keys():
        _warn_of(named[name][0], tuple(kind.model_fields))
    found: dict[str, Any] = {}
    for name, setting in kind.model_fields.items():
        variable, text = named.get(name, ("", ""))
        if not variable or (name == "root" and not text):
            continue
        if get_origin(setting.annotation) not in {list, dict}:
            found[name] = text
            continue
        try:
            found[name] = json.loads(text)
        except ValueError as error:
            raise SettingsError(
                f"Invalid setting: {name}: {variable} is not JSON: {error}",
                hint="Write lists and maps as JSON.",
            ) from error
    return found


@cache
def _warn_of(variable: str, names: tuple[str, ...]) -> None:
    """Warn, once, of a variable that looks like a setting and is none."""
    near = get_close_matches(variable.removeprefix(PREFIX).lower(), names, 1)
    meant = f" Did you mean {PREFIX}{near[0].upper()}?" if near else ""
    _log.warning("%s is ignored: no setting is called that.%s", variable, meant)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        if isinstance(value, dict) and isinstance(known := merged.get(name), dict):
            merged[name] = _merged(known, value)
        else:
            merged[name] = value
    return merged


def _root_of(options: dict[str, Any]) -> Path:
    named = options.get("root")
    return Path(named).expanduser().absolute() if named else default_root()


def read_settings_file(path: Path) -> dict[str, Any]:
    """Return what the settings file says; a missing one says nothing.

    Raises:
        SettingsError: it is not a YAML map, or sets ``root``.
    """
    if not path.exists():
        return {}
    from ruamel.yaml import YAML  # noqa: PLC0415 - most roots have no settings file
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(
            f"{shown(path)} cannot be read: {error}", hint="Correct the file or move it away."
        ) from error
    if data is None:
        return {}
    if not isinstance(data, dict) or "root" in data:
        raise SettingsError(
            f"{shown(path)} must be a map of settings without root",
            hint="Write one setting per line, such as: verify: strict",
        )
    return dict(data)


def edited_settings(text: str, edit: Callable[[Any], None]) -> str:
    """Return the text of a settings file with something changed; its comments are kept.

    Args:
        text: As it is; may be empty.
        edit: Changes the document, a map of settings.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 - most commands change no settings

    yaml = YAML()
    yaml.preserve_quotes = True
    document: Any = yaml.load(text) or {}
    # A file with no settings has no place for its comments: they are kept beside.
    comments = "" if document else text
    edit(document)
    if not document:
        lines = text.splitlines(keepends=True)
        return "".join(line for line in lines if line.lstrip().startswith("#"))
    out = StringIO()
    yaml.dump(document, out)
    return (comments + "\n" if comments and comments[-1] != "\n" else comments) + out.getvalue()
