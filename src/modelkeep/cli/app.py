"""The command line's tree: which command is where."""

from __future__ import annotations

import typer

from modelkeep.cli.commands import (
    config,
    db,
    doctor,
    download,
    enrich,
    home,
    identify,
    install,
    jobs,
    library,
    listing,
    remove,
    root,
    scan,
    search,
    site_tokens,
    trash,
    verify,
)
from modelkeep.cli.common import take_common_options, with_common_options


def make_app() -> typer.Typer:
    """Return the whole tree of commands."""
    app = _group("modelkeep", "Keep the models for image and video generation.")
    app.callback(invoke_without_command=True)(with_common_options(home.home))
    for name, function, aliases in (
        ("install", install.install, ("pull",)),
        ("identify", identify.identify, ()),
        ("list", listing.list_models, ("ls",)),
        ("show", library.show, ()),
        ("edit", library.edit, ()),
        ("reidentify", library.reidentify, ()),
        ("remove", remove.remove, ("rm",)),
        ("scan", scan.scan, ()),
        ("sync", scan.sync, ()),
        ("verify", verify.verify, ()),
        ("enrich", enrich.enrich, ()),
        ("doctor", doctor.doctor, ()),
        ("download", download.download, ()),
        ("search", search.search, ()),
        ("jobs", jobs.jobs, ()),
        ("pause", jobs.pause, ()),
        ("resume", jobs.resume, ()),
        ("retry", jobs.retry, ()),
        ("cancel", jobs.cancel, ()),
        ("prune", jobs.prune, ()),
    ):
        command = with_common_options(function)
        app.command(name)(command)
        for alias in aliases:
            app.command(alias, hidden=True)(command)
    app.add_typer(_trash())
    app.add_typer(_config())
    app.add_typer(_root())
    app.add_typer(_db())
    app.add_typer(_token())
    return app


def _trash() -> typer.Typer:
    app = _group("trash", "Removed models, until they are restored or gone.")
    app.callback(help="Removed models, until they are restored or gone.")(
        with_common_options(take_common_options)
    )
    app.command("list")(with_common_options(trash.list_trash))
    app.command("restore")(with_common_options(trash.restore))
    app.command("empty")(with_common_options(trash.empty))
    return app


def _config() -> typer.Typer:
    app = _group("config", "Settings: what they are and where they come from.")
    app.callback(help="Settings: what they are and where they come from.")(
        with_common_options(take_common_options)
    )
    app.command("show")(with_common_options(config.show))
    app.command("path")(with_common_options(config.path))
    app.command("set")(with_common_options(config.set_value))
    return app


def _root() -> typer.Typer:
    app = _group("root", "Folders of other programs and disks that hold models.")
    app.callback(help="Folders of other programs and disks that hold models.")(
        with_common_options(take_common_options)
    )
    app.command("add")(with_common_options(root.add))
    app.command("list")(with_common_options(root.list_roots))
    app.command("remove")(with_common_options(root.remove))
    app.command("move")(with_common_options(root.move))
    return app


def _db() -> typer.Typer:
    app = _group("db", "The version of the catalogue's tables.")
    app.callback(help="The version of the catalogue's tables.")(
        with_common_options(take_common_options)
    )
    app.command("version")(with_common_options(db.version))
    app.command("upgrade")(with_common_options(db.upgrade))
    return app


def _token() -> typer.Typer:
    app = _group("token", "Tokens for the sites that models come from.")
    app.callback(help="Tokens for the sites that models come from.")(
        with_common_options(take_common_options)
    )
    app.command("set")(with_common_options(site_tokens.set_token))
    app.command("list")(with_common_options(site_tokens.list_tokens))
    app.command("remove")(with_common_options(site_tokens.remove))
    return app


def _group(name: str, about: str) -> typer.Typer:
    return typer.Typer(
        name=name,
        help=about,
        no_args_is_help=name != "modelkeep",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
