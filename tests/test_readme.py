"""README can be believed: its programs run, and its commands name what exists.

A block marked ```python is run as a file of its own, and must end with 0 and say nothing on stderr. What
differs stands beside the mark, where GitHub doesn't show it:

    ```python {exit="2" args="--seconds 1"}

What a block prints stands behind `#>`, all of it if any.

A block marked ```bash, ```sh, ```shell or ```console is not run, but its words are looked up.

A report marked ```text is what the example that it names dies of, on the backend that it names.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pytest_examples import find_examples

from anymutex.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_examples import CodeExample

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TIME_LIMIT = 30.0
SHELLS = "bash|sh|shell|console"


def python_blocks() -> list[CodeExample]:
    """Give the programs of README; of none at all, none."""
    return list(find_examples(README)) if README.exists() else []


def reports() -> list[str]:
    """Give the reports that README shows."""
    text = README.read_text(encoding="utf-8") if README.exists() else ""
    return re.findall(r"^```text\n(fatal error: .*?\n)```$", text, re.MULTILINE | re.DOTALL)


def race_reports() -> str:
    """Give the output of `anymutex race` that README shows."""
    text = README.read_text(encoding="utf-8") if README.exists() else ""
    return "".join(re.findall(r"^```text\n(=+\nWARNING: .*?)^```$", text, re.MULTILINE | re.DOTALL))


def commands() -> list[list[str]]:
    """Give the shell commands of README as words, those joined by `&&`, `|` or `;` apart."""
    text = README.read_text(encoding="utf-8") if README.exists() else ""
    blocks = re.findall(rf"^ *```(?:{SHELLS})\b[^\n]*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [command for line in lines for command in split(line.strip().removeprefix("$ "))]


def split(line: str) -> Iterator[list[str]]:
    """Give the commands of one line; a comment is none."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.commenters = "#"
    command: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("&|;"):
            yield from [command] if command else []
            command = []
        else:
            command.append(word)


def subcommand(command: list[str]) -> str | None:
    """Give what stands behind `anymutex` or `python -m anymutex`; an option is no sub-command."""
    for position, word in enumerate(command[:-1]):
        is_ours = Path(word).name == "anymutex" and (position == 0 or command[position - 1] == "-m")
        if is_ours and not command[position + 1].startswith("-"):
            return command[position + 1]
    return None


def is_ours(word: str) -> bool:
    """Tell whether a word names a file of this repository; one in capitals stands for the reader's own."""
    path = Path(word.partition(":")[0])
    is_script = path.suffix == ".py" and not path.stem.isupper()
    return is_script or (len(path.parts) > 1 and (ROOT / path.parts[0]).is_dir() and path.parts[0] != ".venv")


def extras(word: str) -> list[str]:
    """Give the extras that an argument of pip asks for: `.[test,bench]` has two."""
    match = re.fullmatch(r"(?:\.|anymutex)\[(.+)\]", word)
    return match[1].split(",") if match else []


@pytest.mark.parametrize("block", python_blocks(), ids=lambda block: f"line-{block.start_line}")
def test_a_program_of_readme_runs(block: CodeExample, tmp_path: Path) -> None:
    """The block alone, in an empty folder, as the reader would paste it."""
    settings = block.prefix_settings()
    program = tmp_path / "program.py"
    program.write_text(block.source, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-W", "error", str(program), *settings.get("args", "").split()],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
    )

    assert result.returncode == int(settings.get("exit", "0")), result.stderr
    assert result.returncode or not result.stderr
    promised = re.findall(r"^ *#> (.*)$", block.source, re.MULTILINE)
    assert not promised or promised == result.stdout.splitlines()


def test_readme_has_programs() -> None:
    """The test above would pass with none."""
    assert python_blocks()


@pytest.mark.parametrize("report", reports(), ids=lambda report: " ".join(report.split()[2:6]))
def test_a_report_of_readme_is_true(report: str) -> None:
    """Word for word, but for counts and keys, which depend on when who got in, and for versions."""
    [example] = set(re.findall(r"examples/\w+\.py", report))
    [backend] = re.findall(r"^backend (\w+)", report, re.MULTILINE)
    command = [sys.executable, example, "--backend", backend]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIME_LIMIT)

    assert result.returncode == 2
    assert without_counts(result.stderr) == without_counts(report)


def without_counts(report: str) -> str:
    """Give a report without its numbers, but for those of lines."""
    return re.sub(r"(?<![.]py:)\b\d[\d.]*\b", "N", report)


def test_readme_has_reports() -> None:
    """The test above would pass with none."""
    assert len(reports()) == 2


def test_the_races_of_readme_are_told(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    """Word for word."""
    monkeypatch.chdir(ROOT)
    main(["race", "examples/11_await_races.py"])

    assert race_reports() == capsys.readouterr().err


def test_files_named_in_commands_exist() -> None:
    """A reader who copies a command finds what it names."""
    named = {word.partition(":")[0] for command in commands() for word in command if is_ours(word)}
    missing = [name for name in sorted(named) if not (ROOT / name).exists()]

    assert not missing


def test_subcommands_named_in_commands_exist() -> None:
    """The command knows every sub-command that README shows."""
    named = {name for command in commands() if (name := subcommand(command))}
    unknown = [name for name in sorted(named) if not is_known(name)]

    assert not unknown


def is_known(name: str) -> bool:
    """Ask the command itself."""
    try:
        return main([name, "--help"]) == 0
    except SystemExit as end:
        return end.code == 0


def test_extras_named_in_commands_exist() -> None:
    """pip would only warn about an extra that isn't there, and the reader would miss what it brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {extra for command in commands() for word in command for extra in extras(word)}

    assert named <= project["optional-dependencies"].keys()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "python3 -m venv .venv && .venv/bin/pip install -e '.[test]'  # once",
            [["python3", "-m", "venv", ".venv"], [".venv/bin/pip", "install", "-e", ".[test]"]],
        ),
        ("anymutex run FILE.py | head -n 2", [["anymutex", "run", "FILE.py"], ["head", "-n", "2"]]),
        ("# nothing but a comment", []),
    ],
)
def test_commands_are_split(line: str, expected: list[list[str]]) -> None:
    """The look-ups above see each command of a line."""
    assert list(split(line)) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("anymutex demo", "demo"),
        (".venv/bin/anymutex run FILE.py", "run"),
        ("python -m anymutex compare FILE.py", "compare"),
        ("anymutex --version", None),
        ("pip install anymutex uvloop", None),
    ],
)
def test_subcommands_are_found(command: str, expected: str | None) -> None:
    """What is installed, or only named, is not run."""
    assert subcommand(command.split()) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("examples/01_conflict.py", True),
        ("examples/01_conflict.py:main", True),
        ("nosuch.py", True),
        ("tests/nosuch", True),
        ("FILE.py", False),
        (".venv/bin/pip", False),
        ("--backend", False),
    ],
)
def test_files_are_told_from_other_words(word: str, *, expected: bool) -> None:
    """A placeholder in capitals is the reader's own file."""
    assert is_ours(word) is expected
