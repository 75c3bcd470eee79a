"""Await races that were reported in released packages, under `anymutex race`, and the versions without them.

Run it by `python benchmarks/real_races.py [--only PACKAGE] [--venvs FOLDER]`. It makes one virtual
environment a version with pip, which takes minutes and the network; with `--venvs` they are kept for later.

Each program in `real_races/` uses a package as its users do, until its race happens in the default order,
and prints `damage:` or `fine:`. It knows nothing of anymutex. Exits with 1 if a race was missed, or if one
was told in the version that has the fix.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SOURCES = HERE.parent / "src"
SECONDS = 60


class Case(NamedTuple):
    """One race in one package."""

    program: str
    package: str
    module: str
    buggy: str
    fixed: str
    kind: str
    report: str
    extras: tuple[str, ...] = ()
    """Other requirements of both versions."""
    era: tuple[str, str] = ("", "")
    """A requirement of the buggy and one of the fixed version: what was current when it was released."""
    backends: tuple[str, ...] = ("asyncio",)


class Outcome(NamedTuple):
    """What a run said."""

    kinds: tuple[str, ...]
    damage: bool
    texts: tuple[str, ...]


CASES = (
    Case(
        program="that_depends_resource.py",
        package="that-depends",
        module="that_depends",
        buggy="1.9.1",
        fixed="1.9.4",
        kind="check-then-act",
        report="modern-python/that-depends#69",
    ),
    Case(
        program="mcp_session.py",
        package="mcp",
        module="mcp",
        buggy="1.26.0",
        fixed="1.27.0",
        kind="iteration",
        report="cecli-dev/cecli#469",
        backends=("asyncio", "trio"),
        extras=("trio",),
    ),
    Case(
        program="channels_layer.py",
        package="channels",
        module="channels",
        buggy="4.1.0",
        fixed="4.2.0",
        kind="vanished",
        report="django/channels#1976",
    ),
    Case(
        program="authlib_token.py",
        package="Authlib",
        module="authlib",
        buggy="0.14.3",
        fixed="0.15.1",
        kind="lost-update",
        report="authlib/authlib#266",
        extras=("cryptography", "legacy-cgi; python_version >= '3.13'"),
        era=("httpx==0.13.3", "httpx==0.14.3"),
    ),
    Case(
        program="async_lru_clear.py",
        package="async-lru",
        module="async_lru",
        buggy="2.0.3",
        fixed="2.0.4",
        kind="vanished",
        report="aio-libs/async-lru#503",
    ),
    Case(
        program="async_cache_lru.py",
        package="async-cache",
        module="cache",
        buggy="1.1.1",
        fixed="2.0.0",
        kind="check-then-act",
        report="iamsinghrajat/async-cache#18",
    ),
)


def python_with(folder: Path, requirements: list[str]) -> Path:
    """The interpreter of an environment that has these; made if it isn't there."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    ready = folder / "ready"
    if not ready.exists():
        venv.create(folder, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, *requirements], check=True)
        ready.touch()
    return python


def run(case: Case, python: Path, backend: str, folder: Path) -> Outcome:
    """Run the program of a case under `anymutex race`."""
    races = folder / "races.json"
    races.unlink(missing_ok=True)
    command = [str(python), "-m", "anymutex", "race", str(HERE / "real_races" / case.program)]
    command += ["--include", case.module, "--backend", backend, "--json", str(races)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), "PYTHONWARNINGS": "ignore"}
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if "damage:" not in ended.stdout and "fine:" not in ended.stdout:
        raise SystemExit(f"{case.program} with {case.package} did not end as it should:\n{ended.stderr}")
    found = json.loads(races.read_text(encoding="utf-8"))
    kinds = Counter(race["kind"] for race in found)
    return Outcome(tuple(kinds), "damage:" in ended.stdout, tuple(race["text"] for race in found))


def rows_of(case: Case, venvs: Path) -> Iterator[tuple[str, Outcome, bool]]:
    """Each version of a case on each loop: a line of the table, what it said, and whether that is right."""
    for version, era in zip((case.buggy, case.fixed), case.era, strict=True):
        is_buggy = version == case.buggy
        requirements = [f"{case.package}=={version}", "anyio", *case.extras, *filter(None, [era])]
        folder = venvs / f"{case.package}-{version}"
        python = python_with(folder, requirements)
        for backend in case.backends:
            outcome = run(case, python, backend, folder)
            expected = (case.kind,) if is_buggy else ()
            right = outcome.kinds == expected and outcome.damage == is_buggy
            said, wanted = ", ".join(outcome.kinds) or "silent", ", ".join(expected) or "silent"
            line = f"{case.package:<14}{version:<8}{backend:<9}{'yes' if outcome.damage else 'no':<8}"
            yield f"{line}{said:<16}{wanted:<16}{'' if right else 'WRONG  '}{case.report}", outcome, right


def main() -> int:
    """Print the table, and the first report in full."""
    parser = argparse.ArgumentParser(description="Real packages' real races, under `anymutex race`.")
    parser.add_argument("--only", metavar="PACKAGE", help="this package only")
    parser.add_argument("--venvs", metavar="FOLDER", help="keep the environments there")
    asked = parser.parse_args()
    cases = [case for case in CASES if asked.only in {None, case.package}]
    if not cases:
        parser.error(f"no such package: {asked.only} (there are {', '.join(case.package for case in CASES)})")
    all_right = True
    reports: list[str] = []
    print(f"{'package':<14}{'version':<8}{'loop':<9}{'damage':<8}{'told':<16}{'expected':<16}report")
    with nullcontext(asked.venvs) if asked.venvs else tempfile.TemporaryDirectory() as folder:
        for case in cases:
            for line, outcome, right in rows_of(case, Path(folder).resolve()):
                print(line, flush=True)
                reports.extend(outcome.texts)
                all_right &= right
    print("", *reports[:1], sep="\n")
    return 0 if all_right else 1


if __name__ == "__main__":
    sys.exit(main())
