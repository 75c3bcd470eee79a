"""Other people's test suites with and without `pytest --race`: each test must end the same way.

Run it by `python benchmarks/race_transparency.py [--only NAME ...] [--folder PATH]`.

Rule 1. The source distributions come by pip, as released, into a folder of their own with one virtual
        environment for all; nothing of them is changed, and the trees themselves are imported.
Rule 2. Both runs are in one order, with the same plugins. What is compared is the outcome of each test; one
        that fails only by a race is a difference as any other, and has a report that says so.
Rule 3. What needs a service on the network is left out, by the arguments in the table below.

Rule 4. A test that ends otherwise is run again, alone, a few times both ways: what differs from itself
        without us, as those do whose clock is real, is counted as shaky.

Ends with 1 if a test ended otherwise than without. `--folder` keeps the folder, and takes it up again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PYTEST = ["pytest", "pytest-asyncio", "pytest-mock", "pytest-timeout"]
LONGEST_RUN = 900  # seconds
AGAIN = 3


@dataclass(frozen=True)
class Suite:
    """A package, what its tests need besides itself, pytest's plugins for them, and which they are."""

    package: str
    needs: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ("tests",)


SUITES = {
    "h11": Suite("h11", arguments=("h11",)),
    "cachetools": Suite("cachetools"),
    "async-lru": Suite("async_lru", plugins=("pytest_asyncio.plugin", "pytest_timeout")),
    "httpcore": Suite(
        "httpcore",
        ("trio", "h2", "socksio", "anyio", "pytest-trio", "pytest-httpbin"),
        ("anyio.pytest_plugin", "pytest_trio.plugin", "pytest_httpbin.plugin"),
    ),
    "starlette": Suite(
        "starlette",
        (
            *("trio", "httpx", "httpx2", "jinja2", "itsdangerous", "python-multipart", "pyyaml"),
            "opentelemetry-sdk",
        ),
        ("anyio.pytest_plugin",),
    ),
    "aiocache": Suite(
        "aiocache",
        ("aiohttp", "redis", "aiomcache", "marshmallow", "msgpack"),
        ("pytest_asyncio.plugin", "pytest_mock"),
        ("tests/ut",),
    ),
    "anyio": Suite(
        "anyio",
        ("trio", "hypothesis", "trustme", "psutil", "truststore", "blockbuster"),
        ("anyio.pytest_plugin", "pytest_mock", "pytest_timeout", "_hypothesis_pytestplugin"),
    ),
    "janus": Suite("janus", plugins=("pytest_asyncio.plugin",)),
    "aiojobs": Suite(
        "aiojobs", ("aiohttp", "pytest-aiohttp"), ("pytest_asyncio.plugin", "aiohttp.pytest_plugin")
    ),
    "asyncstdlib": Suite("asyncstdlib", arguments=("unittests",)),
}


@dataclass(frozen=True)
class Outcome:
    """How a run of a suite ended."""

    tests: dict[str, str]
    seconds: float
    races: list[dict[str, str]]
    output: str


def main(names: list[str], folder: Path) -> int:
    """Run the suites, and return how many of them tell a difference."""
    python = environment(folder, names)
    print(
        f"{'package':<14}{'tests':>7}{'same':>7}{'shaky':>7}{'other':>7}{'races':>7}{'time':>7}", flush=True
    )
    different = 0
    for name in names:
        tree = fetched(python, folder, name)
        bare = run_suite(python, tree, SUITES[name], [], folder / f"{name}.bare")
        raced = run_suite(python, tree, SUITES[name], raced_options(SUITES[name]), folder / f"{name}.race")
        others = different_tests(bare, raced)
        shaky = {
            test for test in others if is_shaky(python, tree, SUITES[name], test, folder / f"{name}.again")
        }
        different += tell(name, bare, raced, others, shaky)
    return different


def different_tests(bare: Outcome, raced: Outcome) -> list[str]:
    """The tests that ended otherwise in one run than in the other."""
    return sorted(
        test
        for test in bare.tests.keys() | raced.tests.keys()
        if bare.tests.get(test) != raced.tests.get(test)
    )


def is_shaky(python: Path, tree: Path, suite: Suite, test: str, results: Path) -> bool:
    """Tell whether a test ends in several ways without us, or in those of bare runs with us."""
    where, _, name = test.partition("::")
    file = next((file for file in files_of(where) if (tree / file).exists()), None)
    if file is None:
        return False
    alone = replace(suite, arguments=(f"{file}{where[len(file) - 3 :].replace('.', '::')}::{name}",))
    bare, raced = (
        {tuple(run_suite(python, tree, alone, options, results).tests.items()) for _ in range(AGAIN)}
        for options in ([], raced_options(suite))
    )
    return len(bare) > 1 or raced <= bare


def files_of(dotted: str) -> Iterator[str]:
    """The files that `tests.test_pool.TestClass` may be in."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        yield "/".join(parts[:count]) + ".py"


def raced_options(suite: Suite) -> list[str]:
    """The options of pytest that make the difference."""
    return ["-p", "anymutex.pytest_plugin", "--race", "--race-include", suite.package]


def environment(folder: Path, names: list[str]) -> Path:
    """Make the virtual environment, or take up the one that is there, and return its Python."""
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    needs = {need for name in names for need in SUITES[name].needs}
    install = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, *PYTEST, *sorted(needs), *names, "--editable", str(ROOT)], check=True)
    return python


def fetched(python: Path, folder: Path, name: str) -> Path:
    """Download and unpack the source distribution of the version that is installed; return its tree."""
    home = folder / name
    if not home.exists():
        show = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
        version = subprocess.run(
            [str(python), "-c", show, name], capture_output=True, text=True, check=True
        ).stdout.strip()
        fetch = [str(python), "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", name]
        subprocess.run([*fetch, "--dest", str(home), f"{name}=={version}"], check=True)
        with tarfile.open(next(home.glob("*.tar.gz"))) as archive:
            archive.extractall(home, filter="data")
    return next(path for path in home.iterdir() if path.is_dir())


def run_suite(python: Path, tree: Path, suite: Suite, options: list[str], results: Path) -> Outcome:
    """Run pytest in a tree, and return what came of it."""
    results.mkdir(exist_ok=True)
    xml, races = results / "tests.xml", results / "races.json"
    for left_over in (xml, races):
        left_over.unlink(missing_ok=True)
    arguments = ["-p", "no:cacheprovider", "-o", "addopts=", f"--junit-xml={xml}", *suite.arguments]
    for plugin in suite.plugins:
        arguments += ["-p", plugin]
    if "pytest_asyncio.plugin" in suite.plugins:  # it warns of the lack of this, and warnings may be errors
        arguments += ["-o", "asyncio_default_fixture_loop_scope=function"]
    # The tree is imported, and not what pip has installed from the same source.
    sources = tree / "src" if (tree / "src").is_dir() else tree
    settings = {
        "PYTHONPATH": str(sources),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "ANYMUTEX": f"json={races}",
    }
    started = perf_counter()
    ended = subprocess.run(
        [str(python), "-m", "pytest", *options, *arguments],
        cwd=tree,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST_RUN,
    )
    (results / "output.txt").write_text(ended.stdout)
    if not xml.exists():
        sys.exit(f"pytest has left no results:\n{ended.stdout}")
    found = json.loads(races.read_text()) if races.exists() else []
    return Outcome(dict(tests_in(xml)), perf_counter() - started, found, ended.stdout)


def tests_in(xml: Path) -> list[tuple[str, str]]:
    """Give each test with its outcome: passed, or what the file has instead."""
    return [
        (
            f"{case.get('classname')}::{case.get('name')}",
            ", ".join(sorted({child.tag for child in case if child.tag in {"failure", "error", "skipped"}}))
            or "passed",
        )
        for case in ElementTree.parse(xml).iter("testcase")
    ]


def tell(name: str, bare: Outcome, raced: Outcome, others: list[str], shaky: set[str]) -> int:
    """Print a line of the table, and what differs below it; return how many tests do."""
    same = len(bare.tests.keys() | raced.tests.keys()) - len(others)
    counts = (len(bare.tests), same, len(shaky), len(others) - len(shaky), len(raced.races))
    print(
        f"{name:<14}{''.join(f'{count:>7}' for count in counts)}{raced.seconds / bare.seconds:>7.2f}",
        flush=True,
    )
    for test in others:
        word = "shaky" if test in shaky else "other"
        print(f"    {word}: {test}: {bare.tests.get(test, 'none')} -> {raced.tests.get(test, 'none')}")
    for race in raced.races:
        print("".join(f"    {line}\n" for line in race["text"].splitlines()))
    return len(others) - len(shaky)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", action="append", choices=sorted(SUITES), metavar="NAME")
    parser.add_argument("--folder", type=Path, metavar="PATH")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = (chosen.folder or Path(temporary)).resolve()
        place.mkdir(exist_ok=True)
        sys.exit(1 if main(chosen.only or list(SUITES), place) else 0)
