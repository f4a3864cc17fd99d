"""What the documents say is so: commands parse, links lead somewhere, keys and examples are those of the code."""

from __future__ import annotations

import dataclasses
import re
import shlex
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer.main

from clickctl.cli import COMMANDS, hoisted, load
from clickctl.config import Config, load_config
from clickctl.domain import ledger
from clickctl.domain.quality import REASONS, Quality
from clickctl.domain.structure import hints

REPO = Path(__file__).parents[1]
PAGES = [REPO / "README.md", REPO / "CHANGELOG.md", REPO / "terraform/README.md", *sorted(REPO.glob("docs/**/*.md"))]
CLI: Any = typer.main.get_command(load(COMMANDS))
ROOT_OPTIONS = {option for parameter in CLI.params for option in parameter.opts} | {"--help"}


def page(name: str) -> str:
    return (REPO / name).read_text("utf-8")


def shell_lines(text: str) -> Iterator[str]:
    """The commands of a page's console, sh and cron blocks, continued lines joined."""
    for kind, block in re.findall(r"^```(console|sh|cron)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if kind == "console" and line.startswith("$ "):
                yield line[2:]
            elif kind == "sh":
                yield line
            elif kind == "cron" and re.match(r"[\d*]", line):
                yield line.split(None, 5)[5]


def invocations(line: str) -> Iterator[list[str]]:
    """The arguments of every clickctl that a line of shell calls."""
    if "clickctl" not in line:
        return
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[str] | None = None
    may_begin, target = True, False
    for word in lexer:
        if set(word) <= set("();<>|&"):
            target = word[0] in "<>"
            if found is not None and target and found and found[-1].isdigit():
                found.pop()  # 2>file
            if not target:
                if found is not None:
                    yield found
                found, may_begin = None, True
        elif target:
            target = False
        elif found is not None:
            found.append(word)
        elif may_begin and word == "clickctl":
            found = []
        else:
            may_begin = may_begin and "=" in word  # NAME=value before the command
    if found is not None:
        yield found


def commands() -> Iterator[tuple[str, list[str]]]:
    for path in PAGES:
        text = path.read_text("utf-8")
        name = str(path.relative_to(REPO))
        for line in shell_lines(text):
            yield from ((name, words) for words in invocations(line))
        for code in re.findall(r"`clickctl ([^`]+)`", text):
            if code not in CLI.commands:  # a command's bare name is no call of it
                yield name, shlex.split(code)


COMMANDS = list(commands())


@pytest.mark.parametrize(("name", "words"), COMMANDS, ids=[f"{name}: {' '.join(words)}" for name, words in COMMANDS])
def test_commands_in_documents_parse(name: str, words: list[str]) -> None:
    words = hoisted(words)
    while words and words[0].startswith("--"):
        option = words.pop(0)
        assert option.split("=")[0] in ROOT_OPTIONS
        if option in ("--config", "--output", "--log-format", "--profile", "--region"):
            words.pop(0)
    if not words:
        return
    command, rest = CLI.commands[words[0]], words[1:]
    if hasattr(command, "commands") and rest and not rest[0].startswith("--"):  # a group
        command, rest = command.commands[rest[0]], rest[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert {word.split("=")[0] for word in rest if word.startswith("--")} <= known
    if "--help" not in rest:
        command.make_context(words[0], list(rest))  # raises for missing or superfluous arguments


def test_there_are_commands_to_parse() -> None:
    assert {words[0] for _, words in COMMANDS if words} >= set(CLI.commands) - {"demo"}
    assert len(COMMANDS) > 40


def slugs(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(REPO)))
def test_links_resolve(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http://", "https://")):
            continue
        target, _, anchor = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        assert found.exists(), link
        assert not anchor or anchor in slugs(found.read_text("utf-8")), link


def test_readme_is_short() -> None:
    assert len(page("README.md").splitlines()) < 200


def flat(plain: dict[str, Any]) -> dict[str, Any]:
    """`{"job": {"workers": 0}}` to `{"job.workers": 0}`."""
    found: dict[str, Any] = {}
    for name, value in plain.items():
        found |= (
            {f"{name}.{key}": item for key, item in flat(value).items()} if isinstance(value, dict) else {name: value}
        )
    return found


def defaults() -> dict[str, Any]:
    """Every key of the configuration with its default; MISSING where it has none."""
    found: dict[str, Any] = {}
    for section in dataclasses.fields(Config):
        kind = hints(Config)[section.name]
        if section.name == "source":  # the loader's own
            continue
        if dataclasses.is_dataclass(kind):
            name = "quality.limits" if section.name == "limits" else section.name
            found |= {f"{name}.{field.name}": field.default for field in dataclasses.fields(kind)}
        else:
            found[section.name] = section.default
    return found


def test_the_example_shows_every_key_with_its_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = flat(tomllib.loads(page("config.example.toml")))
    assert given.keys() == defaults().keys()
    for key, default in defaults().items():
        value = tuple(given[key]) if isinstance(given[key], list) else given[key]
        assert key.startswith("lake.") if default is dataclasses.MISSING else value == default, key
    loaded = load_config(REPO / "config.example.toml", {})
    assert loaded.quality == Config(loaded.lake).quality
    assert loaded.job == Config(loaded.lake).job


def test_every_key_of_the_example_has_its_line_of_why() -> None:
    lines = [line for line in page("config.example.toml").splitlines() if "=" in line and not line.startswith("#")]
    assert [line for line in lines if "#" not in line] == []


def test_configuration_page_has_every_key_and_variable() -> None:
    text = page("docs/configuration.md")
    for key, default in defaults().items():
        row = next((line for line in text.splitlines() if line.startswith(f"| `{key}` |")), "")
        assert f"`CLICKCTL_{key.replace('.', '_').upper()}`" in row, key
        if isinstance(default, (str, int)) and default != "":
            assert f"`{default}`" in row, key


def test_data_contract_names_every_key_of_the_ledger_and_every_reason() -> None:
    text = page("docs/data-contract.md")
    kinds = (ledger.Ledger, ledger.UnitEntry, ledger.Commit, ledger.Publishing, ledger.Owner, ledger.Failure)
    names = {
        field.name
        for kind in (*kinds, ledger.InputFile, ledger.OutputFile, Quality)
        for field in dataclasses.fields(kind)
    }
    assert {name for name in {*names, *REASONS} if f"`{name}`" not in text} == set()
    assert f"| `version` | {ledger.VERSION} |" in text


def test_operations_names_every_log_event() -> None:
    code = "".join(path.read_text("utf-8") for path in sorted((REPO / "clickctl").rglob("*.py")))
    events = set(re.findall(r'\.say\(\s*"(\w+)"', code)) | {"error"}
    assert {event for event in events if f"`{event}`" not in page("docs/operations.md")} == set()


CLICKS = [
    ("16:17676180012500002:u14:s-u19:page_view4:/p/114:{\"ref\":\"mail\"}", "67d0e43006dd4b2187227486e3377ad3",
     (1767618001250000, "u1", "s-u1", "page_view", "/p/1", '{"ref":"mail"}')),
    ("16:17676180090000002:u1N5:click6:/caféN", "2dd99f01d97d398df142d056599f2e3f",
     (1767618009000000, "u1", None, "click", "/café", None)),
]  # fmt: skip


@pytest.mark.parametrize(("encoded", "click_id", "row"), CLICKS)
def test_click_ids_of_the_data_contract(encoded: str, click_id: str, row: tuple[Any, ...]) -> None:
    import pyarrow as pa

    from clickctl.transform.rows import click_ids

    assert encoded in page("docs/data-contract.md")
    assert click_id in page("docs/data-contract.md")
    columns = [pa.array([value], pa.string()) for value in row[1:]]
    assert click_ids(pa.array([row[0]], pa.int64()), columns)[0].as_py().hex() == click_id


def test_duckdb_query_of_the_data_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a small lake, every click_id is what the query computes, nulls and other letters included."""
    import duckdb
    import pyarrow as pa

    from clickctl.domain.hours import Day
    from clickctl.domain.layout import FACTS
    from clickctl.transform.chunks import Target
    from clickctl.transform.rows import click_ids
    from clickctl.transform.schemas import FACT_CHUNK
    from clickctl.transform.write import write_file

    rows = [row for _, _, row in CLICKS] + [(1, "ü🙂", "", "a:b", None, '{"N":"3:x"}')]
    times, *columns = (pa.array(values) for values in zip(*rows, strict=True))
    texts = [column.cast(pa.string()) for column in columns]
    batch = pa.record_batch([click_ids(times, texts), times, *texts], schema=FACT_CHUNK)
    file = tmp_path / "lake/processed/fact_clicks/year=2026/month=01/day=05/part-20260105-0000.parquet"
    file.parent.mkdir(parents=True)
    write_file(Target(FACTS, Day(date(2026, 1, 5)), 0), [batch.serialize()], file)
    query = re.findall(r"^```sql\n(SELECT.*?)^```", page("docs/data-contract.md"), re.MULTILINE | re.DOTALL)[0]
    monkeypatch.chdir(tmp_path)
    assert duckdb.execute(query.rstrip().rstrip(";")).fetchall() == [(3, 3)]
