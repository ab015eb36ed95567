from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelkeep import ModelManager, Settings
from modelkeep.app.edit import WORDS
from modelkeep.app.library import names_beginning
from modelkeep.core.metadata import CivitaiMetadata, LicenseRestrictions
from modelkeep.records.sql import rows
from support import tiny
from support.program import Program


def names(program: Program, *words: str) -> list[str]:
    return [line["name"] for line in program.call("list", "--json", *words).json]


def key(program: Program, name: str) -> str:
    return str(program.call("show", "-q", name).lines[0])


def add_metadata(program: Program, model: str) -> None:
    metadata = CivitaiMetadata(
        name="Paper",
        author="someone",
        tags={"style", "paper"},
        id=1,
        version_name="v1",
        version_id=2,
        created="2024-01-01T00:00:00Z",
        updated="2024-01-01T00:00:00Z",
        published="2024-01-01T00:00:00Z",
        description="cuts",
        version_description="",
        trained_words={"paper cut"},
        download_url="https://civitai.example/2",
        base_model_trained_on="SD 1.5",
        restrictions=LicenseRestrictions(AllowNoCredit=True),
    )
    with ModelManager(Settings.load(root=program.root)) as manager:
        manager.metadata.add_metadata(key(program, model), metadata)


class TestList:
    def test_people_get_a_table_with_their_words(self, filled: Program) -> None:
        told = filled.run("list")
        assert told.lines[0].split() == ["KEY", "NAME", "TYPE", "BASE", "FORMAT", "SIZE"]
        assert "LoRA  " in told.out
        assert "lycoris" not in told.out
        assert told.err == ""
        assert [line.split()[1] for line in told.lines[1:]] == ["blue", "green", "paper"]

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ((), ["blue", "green", "paper"]),
            (("--type", "LoRA"), ["paper"]),
            (("--type", "textual_inversion"), ["blue", "green"]),
            (("--type", "Checkpoint"), []),
            (("--base", "SD 1.5"), ["blue", "green", "paper"]),
            (("--base", "Flux.1 D"), []),
            (("--format", "embedding_folder"), ["green"]),
            (("--search", "pap"), ["paper"]),
            (("--search", "nothing like it"), []),
            (("--sort", "size", "--limit", "1"), ["paper"]),
            (("--sort", "name"), ["blue", "green", "paper"]),
            (("--sort", "date"), ["green", "paper", "blue"]),
            (("--sort", "type"), ["blue", "green", "paper"]),
            (("--sort", "base", "--limit", "2"), ["blue", "green"]),
            (("--missing",), []),
            (("--search", "blue", "--sort", "relevance"), ["blue"]),
            (("--search", 'pap" OR (*'), []),
            (("--search", "(*"), []),
            (("--in", "models"), ["blue", "green", "paper"]),
            (("--in", ""), []),
            (("--state", "present", "--type", "lora"), ["paper"]),
            (("--state", "missing"), []),
        ],
    )
    def test_filters_and_orders(
        self, filled: Program, words: tuple[str, ...], found: list[str]
    ) -> None:
        assert names(filled, *words) == found

    def test_json_has_the_record(self, filled: Program) -> None:
        [line] = filled.call("list", "--json", "--search", "paper").json
        fields = {"key", "name", "type", "base", "format", "path", "size", "trigger_phrases"}
        assert fields <= set(line)
        assert (line["type"], line["format"], line["size"]) == ("lora", "lycoris", 21919)

    def test_quiet_prints_keys(self, filled: Program) -> None:
        keys = [line["key"] for line in filled.call("list", "--json").json]
        assert filled.call("list", "-q").lines == keys

    def test_missing_ones_are_found(self, filled: Program) -> None:
        (filled.root / "models/sd-1/embedding/blue.safetensors").unlink()
        assert names(filled, "--missing") == ["blue"]
        assert "(missing)" in filled.call("show", "blue").out
        assert filled.call("show", "--json", "blue").only["is_missing"] is True

    def test_a_search_puts_the_best_match_first(self, filled: Program) -> None:
        filled.call("edit", "green", "description=goes with blue")
        filled.call("edit", "paper", "name=blue")
        found = filled.call("list", "--json", "--search", "blue").json
        assert [line["name"] for line in found] == ["blue", "blue", "green"]
        by_name = filled.call("list", "--json", "--search", "blue", "--sort", "size").json
        assert [line["type"] for line in by_name] == ["lora", "embedding", "embedding"]

    def test_pages_end_where_the_next_begins(self, filled: Program) -> None:
        first = filled.call("list", "--json", "--limit", "1")
        second = filled.call("list", "--json", "--limit", "1", "--after", first.err.split()[-1])
        rest = filled.call("list", "--json", "--limit", "1", "--after", second.err.split()[-1])
        found = [told.only["name"] for told in (first, second, rest)]
        assert found == ["blue", "green", "paper"]
        assert rest.err == ""
        filled.call("list", "--after", "x", status=2)
        filled.call("list", "--after", "x", "--limit", "1", status=2)

    def test_a_page_ends_with_a_short_token(self, filled: Program) -> None:
        token = filled.call("list", "--limit", "1").err.split()[-1]
        assert len(token) <= 8
        assert filled.call("list", "--limit", "1").err.split()[-1] == token
        for typed in (token, token.upper()):
            told = filled.call("list", "--json", "--limit", "1", "--after", typed)
            assert told.only["name"] == "green"
        filled.call("remove", "blue")  # the page ends where it ended, whatever becomes of it
        assert names(filled, "--limit", "1", "--after", token) == ["green"]
        filled.call("list", "--limit", "1", "--after", token, "--sort", "size", status=2)
        assert "aaaaaaaa" in filled.call("list", "--limit", "1", "--after", "a" * 8, status=2).err

    def test_facets_count_what_is_there(self, filled: Program) -> None:
        filled.call("edit", "paper", "tags=style, cut")
        counted = filled.call("list", "--json", "--facets", "--type", "lora").json
        assert {(c["facet"], c["value"]): c["count"] for c in counted} == {
            ("type", "embedding"): 2,
            ("type", "lora"): 1,
            ("base", "sd-1"): 1,
            ("format", "lycoris"): 1,
            ("tag", "cut"): 1,
            ("tag", "style"): 1,
            ("root", "models"): 1,
            ("state", "present"): 1,
            ("site", "local"): 1,
            ("licence", ""): 1,
            ("lineage", ""): 1,
            ("size", "tiny"): 1,
            ("used", "never"): 1,
        }
        assert names(filled, "--used", "never", "--site", "local", "--size", "huge") == []
        told = filled.call("list", "--facets")
        assert ["type", "LoRA", "1"] in [line.split() for line in told.lines]
        assert "3 models in all" in told.err

    def test_what_cannot_be_listed_is_told(self, filled: Program) -> None:
        assert "Roots are: models" in filled.call("list", "--in", "nowhere", status=2).err
        filled.call("list", "--missing", "--facets", status=2)

    def test_tags_are_those_of_the_sites(self, filled: Program) -> None:
        add_metadata(filled, "paper")
        assert names(filled, "--tag", "style") == ["paper"]
        assert names(filled, "--tag", "style", "--tag", "paper") == ["paper"]
        assert names(filled, "--tag", "style", "--tag", "other") == []

    def test_own_tags_stand_beside_those_of_the_sites(self, filled: Program) -> None:
        add_metadata(filled, "paper")
        assert filled.call("edit", "-q", "paper", "tags=mine, style").lines == [
            key(filled, "paper")
        ]
        line = filled.call("show", "--json", "paper").only
        assert line["tags"] == ["mine", "paper", "style"]
        assert line["tags_by_hand"] == ["mine", "style"]
        assert names(filled, "--tag", "mine", "--tag", "paper") == ["paper"]
        told = filled.call("show", "paper").out
        assert "site tags" in told
        assert "mine, style" in told
        filled.call("edit", "paper", "tags=", "name=other")
        line = filled.call("show", "--json", "other").only
        assert (line["tags"], line["tags_by_hand"]) == (["paper", "style"], [])

    def test_nothing_found_is_told_on_stderr(self, filled: Program) -> None:
        told = filled.call("list", "--type", "vae")
        assert told.out == ""
        assert "No model matches" in told.err
        assert filled.call("list", "--missing").err == "No model is missing.\n"

    def test_an_empty_library_says_what_to_do(self, program: Program) -> None:
        told = program.call("ls")
        assert told.out == ""
        assert "modelkeep install" in told.err


class TestShow:
    def test_everything_is_there(self, filled: Program) -> None:
        add_metadata(filled, "paper")
        line = filled.call("show", "--json", "paper").only
        assert line["name"] == "paper"
        assert line["trigger_phrases"] == ["paper cut"]
        assert line["evidence"]
        [file] = line["files"]
        assert (file["path"], file["size"]) == ("sd-1/lora/paper.safetensors", 21919)
        assert line["hashes"]["original_hash"] == line["original_hash"]
        assert set(line["hashes"]["blake3"]) == {"sd-1/lora/paper.safetensors"}
        assert line["metadata"]["restrictions"]["AllowNoCredit"] is True
        told = filled.call("show", "paper").out
        for word in ("paper cut", "blake3", "because", "no derivatives", "author", line["key"]):
            assert word in told

    def test_a_model_has_four_names(self, filled: Program) -> None:
        whole = key(filled, "blue")
        path = filled.root / "models/sd-1/embedding/blue.safetensors"
        for name in (whole, whole[:8], "blue", str(path)):
            assert key(filled, name) == whole

    def test_an_unknown_one_gives_1_and_a_hint(self, filled: Program) -> None:
        told = filled.call("show", "nobody", status=1)
        assert told.out == ""
        assert told.err == (
            "Error: No model is called 'nobody'\n       List the models with: modelkeep list\n"
        )

    def test_a_name_of_two_models_lists_their_keys(self, filled: Program) -> None:
        filled.call("edit", "blue", "name=green")
        told = filled.call("show", "green", status=1)
        for line in filled.call("list", "-q", "--search", "green").lines:
            assert line[:8] in told.err


class TestEdit:
    def test_fields_are_set_and_cleared(self, filled: Program) -> None:
        before = key(filled, "paper")
        words = ["name=Paper cuts", "triggers=snip, snap", "triggers=cut", "description="]
        filled.call("edit", "paper", *words, "base=Flux.1 D")
        line = filled.call("show", "--json", "Paper cuts").only
        assert line["key"] == before
        assert line["trigger_phrases"] == ["snip, snap", "cut"]
        assert (line["base"], line["description"]) == ("flux", None)

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ("key=1", 2),
            ("path=/x", 2),
            ("size=3", 2),
            ("nonsense=1", 2),
            ("state=missing", 2),
            ("root=comfy", 2),
            ("evidence=x", 2),
            ("preview=x", 2),
            ("vae=x", 2),
            ("name+=x", 2),
            ("triggers-=nobody", 2),
            ("triggers=[1]", 2),
            ('triggers=["a", "b"', 2),
            ("triggers=" + "a" * 4097, 2),
            ("name", 2),
            ("type=sofa", 1),
            ("base=sofa", 1),
            ("name=", 2),
        ],
    )
    def test_what_does_not_fit_changes_nothing(
        self, filled: Program, change: str, status: int
    ) -> None:
        before = filled.call("show", "--json", "paper").only
        told = filled.call("edit", "paper", change, status=status)
        assert told.out == ""
        assert len(told.err.splitlines()) == 2, "a message and a hint"
        assert filled.call("show", "--json", "paper").only == before

    def triggers(self, program: Program, *words: str) -> list[str]:
        program.call("edit", "paper", *words)
        found: list[str] = program.call("show", "--json", "paper").only["trigger_phrases"]
        return found

    def test_trigger_phrases_come_back_as_they_went_in(self, filled: Program) -> None:
        phrases = ["1girl, (long hair:1.2), ", "x" * 4096, '"quoted" [style]', "", "ink"]
        kept = [phrase for phrase in phrases if phrase]
        assert self.triggers(filled, f"triggers={json.dumps(phrases)}") == kept
        assert self.triggers(filled, *(f"triggers={phrase}" for phrase in kept)) == kept
        assert self.triggers(filled, "triggers+=a, b") == [*kept, "a, b"]
        assert self.triggers(filled, "triggers-=ink", f"triggers-={kept[0]}") == [
            *kept[1:3],
            "a, b",
        ]
        assert self.triggers(filled, "trigger_phrases=[style]") == ["[style]"]
        assert self.triggers(filled, "triggers=one, two", "triggers+=three") == [
            "one, two",
            "three",
        ]
        assert ["triggers", "one, two"] in [
            line.split(maxsplit=1) for line in filled.call("show", "paper").lines
        ]
        assert self.triggers(filled, "triggers=") == []

    def test_what_a_header_and_sidecars_state_is_kept_whole(
        self, program: Program, tmp_path: Path
    ) -> None:
        long = ", ".join(f"word {number}" for number in range(100))
        path = tiny.lora(tmp_path / "ink.safetensors", 5, {"modelspec.trigger_phrase": long})
        beside = {"activation text": "ink wash, sumi-e", "sd version": "SD1"}
        path.with_suffix(".json").write_text(json.dumps(beside))
        program.call("install", path)
        assert program.call("show", "--json", "ink").only["trigger_phrases"] == [
            "ink wash, sumi-e", long,
        ]  # fmt: skip

    def test_what_is_too_long_is_cut_and_said(self, program: Program, tmp_path: Path) -> None:
        long = {"modelspec.trigger_phrase": "a" * 5000}
        told = program.call("install", tiny.lora(tmp_path / "ink.safetensors", 5, long))
        assert "A trigger phrase was cut to 4096 of 5000 characters: aaaa" in told.err
        assert program.call("show", "--json", "ink").only["trigger_phrases"] == ["a" * 4096]

    def test_the_format_follows_the_type(self, filled: Program) -> None:
        told = filled.call("edit", "paper", "type=VAE")
        assert told.lines == [
            "paper:", '  type "lora" -> "vae"', '  format "lycoris" -> "checkpoint"',
        ]  # fmt: skip
        assert filled.call("edit", "paper", "type=LoRA", "format=lycoris").lines[0] == "paper:"
        told = filled.call("edit", "green", "type=checkpoint", "variant=inpaint")
        assert '  format "embedding_folder" -> "diffusers"' in told.lines
        assert filled.call("show", "--json", "green").only["variant"] == "inpaint"

    def test_what_changed_is_printed(self, filled: Program) -> None:
        assert filled.call("edit", "paper", "description=cut").lines == [
            'paper: description "sd-1 lora model paper" -> "cut"'
        ]
        assert filled.call("edit", "paper", "description=cut").lines == ["paper: unchanged"]
        assert filled.call("edit", "paper", "triggers+=a, b").lines == [
            'paper: triggers ["paper cut"] -> ["paper cut", "a, b"]'
        ]
        assert filled.call("edit", "paper", "tags=b, a").lines == [
            'paper: tags (none) -> ["a", "b"]'
        ]
        assert filled.call("edit", "paper", "tags-=b", "tags+=c").lines == [
            'paper: tags ["a", "b"] -> ["a", "c"]'
        ]

    def test_help_names_the_fields_by_the_words_of_show(self, filled: Program) -> None:
        told = filled.call("edit", "--help").out
        filled.call("edit", "paper", "tags=mine", "lineage=pony", "fits=4b")
        labels = {line.split("  ")[0] for line in filled.call("show", "paper").lines}
        assert all(word in told for word in WORDS)
        assert {"name", "triggers", "tags", "lineage", "fits", "description"} <= labels & {*WORDS}

    def test_reidentify_reads_the_file_again(self, filled: Program) -> None:
        filled.call("edit", "paper", "base=sdxl", "lineage=pony", "name=mine")
        told = filled.call("reidentify", "mine", "nobody", status=3)
        assert told.lines == ["mine:", "  unchanged", "  kept as you set it: base, lineage"]
        assert "nobody" in told.err
        line = filled.call("reidentify", "--json", "mine").only
        assert (line["base"], line["lineage"]) == ("sdxl", "pony")
        told = filled.call("reidentify", "--reset", "mine")
        assert told.lines == ["mine:", '  base "sdxl" -> "sd-1"', '  lineage "pony" -> (none)']
        assert filled.call("reidentify", "mine").lines == ["mine: unchanged"]

    def test_reidentify_of_what_no_rule_fits_leads_to_edit(
        self, program: Program, sources: Path
    ) -> None:
        path = sources / "odd.safetensors"
        path.write_bytes(tiny.safetensors_bytes({"head.0.conv.weight": ("F32", (4, 4))}))
        program.call("install", path, "--type", "lora", "--base", "sd-1")
        [key] = program.call("list", "-q").lines
        told = program.call("reidentify", "odd", status=1)
        assert f"modelkeep edit {key[:8]} base=BASE" in told.err
        assert "modelkeep install" not in told.err

    def test_reidentify_all_shows_what_new_rules_would_change(self, filled: Program) -> None:
        paper = _once_identified_as(filled, "paper", base="sd-2")
        filled.call("edit", "blue", "base=sdxl")
        before = filled.call("list", "--json").json

        told = filled.call("reidentify", "--all", "--dry-run")
        assert '  base "sd-2" -> "sd-1"' in told.lines
        assert any(line.startswith("  because ") for line in told.lines)
        assert '  kept as you set it: base "sdxl"; the rules say "sd-1"' in told.lines
        assert not any("green" in line for line in told.lines), "nothing to tell of it"
        assert told.err.splitlines() == [
            "3 models: 1 would change, 2 unchanged.",
            "By field: base 1.",
            "1 model has a field that you set; they stay so.",
        ]
        assert filled.call("list", "--json").json == before
        assert filled.call("reidentify", "--all", "--dry-run", "-q").out == f"{paper}\n"
        assert "green:\n  unchanged\n" in filled.call("reidentify", "--all", "--dry-run", "-v").out
        assert "base" in filled.call("reidentify", "--dry-run", "paper").out

    def test_reidentify_all_does_it_and_says_so_in_json(self, filled: Program) -> None:
        _once_identified_as(filled, "paper", base="sd-2")
        filled.call("edit", "blue", "base=sdxl")
        lines = {line["name"]: line for line in filled.call("reidentify", "--all", "--json").json}
        assert {name: line["status"] for name, line in lines.items()} == {
            "paper": "done", "blue": "unchanged", "green": "unchanged",
        }  # fmt: skip
        assert lines["paper"]["changes"] == {"base": ["sd-2", "sd-1"]}
        assert all(set(reason) == {"kind", "detail"} for reason in lines["paper"]["evidence"])
        assert lines["paper"]["evidence"]
        assert lines["blue"]["kept"] == {"base": ["sdxl", "sd-1"]}
        assert [filled.call("show", "--json", n).only["base"] for n in ("paper", "blue")] == [
            "sd-1", "sdxl",
        ]  # fmt: skip
        assert "3 unchanged" in filled.call("reidentify", "--all").err

    def test_reidentify_all_goes_on_after_a_model_that_fails(self, filled: Program) -> None:
        (filled.root / "models/sd-1/embedding/blue.safetensors").unlink()
        told = filled.call("reidentify", "--all", "--json", status=3)
        errors = {line["name"]: line["error"] for line in told.json}
        assert errors["blue"]["kind"] == "SourceNotFoundError"
        assert errors["paper"] is None
        assert errors["green"] is None
        assert "2 unchanged, 1 failed" in told.err
        told = filled.call("reidentify", "--dry-run", "blue", "nobody", status=1)
        assert told.out == ""

    def test_reidentify_all_shows_a_terminal_how_far_it_is(self, filled: Program) -> None:
        assert "1 of 3 identified" in filled.on_terminal("reidentify", "--all")

    def test_reidentify_takes_names_or_all_and_never_resets_all(self, filled: Program) -> None:
        for words in ((), ("--all", "paper"), ("--all", "--reset")):
            filled.call("reidentify", *words, status=2)

    def test_reidentify_keeps_what_was_set_at_installing(self, program: Program) -> None:
        path = tiny.lora(program.root.parent / "thing.safetensors", 3)
        program.call("install", path, "--base", "sdxl")
        line = program.call("reidentify", "--json", "thing").only
        assert (line["base"], line["type"], line["format"]) == ("sdxl", "lora", "lycoris")


class TestRemove:
    def test_without_a_terminal_it_goes_to_the_trash_and_says_so(self, filled: Program) -> None:
        told = filled.run("remove", "blue")
        assert "in the trash for 7 days" in told.out
        assert names(filled) == ["green", "paper"]
        assert not (filled.root / "models/sd-1/embedding/blue.safetensors").exists()
        assert [line["name"] for line in filled.call("trash", "list", "--json").json] == ["blue"]

    def test_json_and_quiet(self, filled: Program) -> None:
        wanted = key(filled, "green")
        line = filled.call("rm", "--json", "green").only
        assert line["key"] == wanted
        assert [Path(name).name for name in line["files"]] == [
            "learned_embeds.safetensors",
            "README.md",
        ]
        wanted = key(filled, "blue")
        assert filled.call("rm", "-q", "blue").out == wanted + "\n"

    def test_keep_files_forgets_the_record_only(self, filled: Program) -> None:
        filled.call("remove", "--keep-files", "blue")
        assert (filled.root / "models/sd-1/embedding/blue.safetensors").exists()
        assert names(filled) == ["green", "paper"]
        [line] = filled.call("trash", "list", "--json").json
        assert (line["name"], line["files"]) == ("blue", [])

    def test_files_outside_stay_unless_asked_for(self, program: Program, sources: Path) -> None:
        source = sources / "blue.safetensors"
        program.call("install", "--inplace", source)
        told = program.call("remove", "blue")
        assert "stay" in told.out
        assert source.exists()
        program.call("install", "--inplace", source)
        assert program.call("remove", "--files", "--json", "blue").only["files"] == [str(source)]
        assert not source.exists()
        program.call("trash", "restore", "blue")
        assert source.exists()

    def test_for_good_needs_a_yes(self, filled: Program) -> None:
        told = filled.run("remove", "--now", "blue", status=2)
        assert "--yes" in told.err
        assert "blue" in names(filled)
        filled.run("remove", "--now", "--yes", "blue")
        assert "blue" not in names(filled)
        assert filled.call("trash", "list", "--json").json == []

    def test_a_dry_run_changes_nothing(self, filled: Program) -> None:
        told = filled.call("remove", "--dry-run", "--now", "blue", "green")
        assert told.out.count("would be deleted") == 2
        assert names(filled) == ["blue", "green", "paper"]

    def test_some_of_several(self, filled: Program) -> None:
        filled.call("remove", "nobody", "blue", status=3)
        assert names(filled) == ["green", "paper"]
        filled.call("remove", "--keep-files", "--now", "green", status=2)

    def test_naming_one_twice_removes_it_once(self, filled: Program) -> None:
        filled.call("remove", "blue", key(filled, "blue"))
        assert names(filled) == ["green", "paper"]


class TestTrash:
    def test_there_and_back(self, filled: Program) -> None:
        before = filled.call("show", "--json", "blue").only
        filled.call("remove", "blue", "green")
        told = filled.call("trash", "list")
        assert "KEPT UNTIL" in told.out
        assert {"key", "name", "files", "removed_at", "expires_at"} <= set(
            filled.call("trash", "list", "--json").json[0]
        )
        assert filled.call("trash", "restore", "-q", before["key"][:8]).lines == [before["key"]]
        assert filled.call("show", "--json", "blue").only == before
        told = filled.call("trash", "restore", "nobody", "green", status=3)
        assert "nobody" in told.err
        assert filled.call("trash", "list").err == "The trash is empty.\n"

    def test_own_tags_come_back_too(self, filled: Program) -> None:
        add_metadata(filled, "paper")
        filled.call("edit", "paper", "tags=mine")
        before = filled.call("show", "--json", "paper").only
        filled.call("remove", "paper")
        filled.call("trash", "restore", "paper")
        after = filled.call("show", "--json", "paper").only
        assert after["tags_by_hand"] == ["mine"]
        assert (after["tags"], after["metadata"]) == (before["tags"], before["metadata"])

    def test_emptying_needs_a_yes(self, filled: Program) -> None:
        filled.call("remove", "blue", "green")
        assert "--yes" in filled.call("trash", "empty", status=2).err
        assert len(filled.call("trash", "list", "-q").lines) == 2
        filled.call("trash", "empty", "--yes")
        assert filled.call("trash", "list", "-q").out == ""
        assert not list((filled.root / "models/.trash").rglob("*.safetensors"))
        filled.call("trash", "empty")


class TestJobs:
    def test_jobs_of_other_processes_are_listed_and_pruned(
        self, program: Program, sources: Path
    ) -> None:
        program.run("install", sources / "blue.safetensors")
        program.call("install", sources / "paper.safetensors", "--base", "sofa", status=1)
        first, second = program.call("jobs", "--json").json
        assert (first["status"], second["status"]) == ("completed", "error")
        assert {"id", "source", "status", "key", "error", "bytes"} <= set(first)
        assert "sofa" in second["error"]["message"]
        told = program.call("jobs")
        assert "sofa" in told.out
        assert "validation error" not in told.out
        assert program.call("jobs", "-q").lines == [str(first["id"]), str(second["id"])]
        assert program.call("prune", "--json").only == {"pruned": 2}
        assert program.call("jobs").err == "No jobs.\n"


def test_no_model_is_loaded_to_count_and_few_to_complete(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(80):
        tiny.embedding(tmp_path / "files" / f"model {number:02}.safetensors", number)
    program.call("scan", tmp_path / "files", "--register")
    read: list[object] = []
    original = rows.RecordReader.read

    def spy(self: rows.RecordReader, row: Any, roots: Any) -> Any:
        read.append(row)
        return original(self, row, roots)

    monkeypatch.setattr(rows.RecordReader, "read", spy)
    assert "80 models" in program.call().out
    assert read == []
    with ModelManager(program.root) as manager:
        assert names_beginning(manager, "model 7") == [f"model 7{n}" for n in range(10)]
        assert len(names_beginning(manager, "")) <= 50
    assert 0 < len(read) <= 61


def _once_identified_as(program: Program, name: str, **fields: str) -> str:
    """Have rules of before have said something else about a model; return its key."""
    with ModelManager(Settings(root=program.root)) as manager:
        record = manager.find(name)
        identified = {**(record.identified or {}), **fields}
        manager.records.update_model(record.key, {**fields, "identified": identified})
        return record.key
