"""`anymutex race FILE`: runs a program with hooks in it and tells of each await race when it happens.

Rule 1. A race is told at once, on stderr or where `--log` says, so that nothing is lost whatever ends the
        program; the last line counts them. Each pair of lines is told once.
Rule 2. Its exit code replaces only 0: what the program itself says is graver.
Rule 3. `ANYMUTEX="exitcode=3 log=races.txt halt_on_error=1 include=httpx,h11 json=races.json
        suspects=suspects.json"` sets what the command line does not.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from anymutex.doors import loading, options
from anymutex.doors.problems import write_json, write_text
from anymutex.doors.suspectlist import write_suspects
from anymutex.errors import UsageError
from anymutex.running import run_as_asked
from anymutex.watch import instrument, modulehooks
from anymutex.watch.race import RaceWatch
from anymutex.watch.suppressions import Suppressions, patterns_in
from anymutex.watch.suspecting import SuspectWatch

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping

    from anymutex.watch.racereport import AwaitRace

FOUND = 66
VARIABLE = "ANYMUTEX"
_SETTINGS = {"exitcode", "halt_on_error", "include", "json", "log", "suspects"}


class RaceOptions(NamedTuple):
    """How races are told."""

    include: tuple[str, ...] = ()
    json: str | None = None
    log: str | None = None
    halts: bool = False
    exit_code: int = FOUND
    suspects: str | None = None


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `anymutex race`."""
    options.add_run_options(parser)
    parser.add_argument("--include", action="append", metavar="PACKAGE", help="instrument this package too")
    parser.add_argument("--log", metavar="PATH", help="write the reports there (default: stderr)")
    parser.add_argument(
        "--suspects", metavar="PATH", help="write the windows that nobody hit there, for explore --suspects"
    )
    parser.add_argument("--halt-on-error", action="store_true", help="end the program at the first race")
    parser.add_argument("--exitcode", type=int, metavar="N", help=f"when races were found (default: {FOUND})")


def options_of(asked: argparse.Namespace, environment: Mapping[str, str]) -> RaceOptions:
    """What the command line and the environment say together.

    Raises:
        UsageError: The variable has a setting that is unknown or no number.
    """
    settings = dict(_settings_in(environment.get(VARIABLE, "")))
    include = asked.include or [name for name in settings.get("include", "").split(",") if name]
    code = settings.get("exitcode", str(FOUND)) if asked.exitcode is None else str(asked.exitcode)
    if not code.isdigit() or int(code) > 255:
        raise UsageError(f"exitcode must be a number from 0 to 255, not {code!r}")
    return RaceOptions(
        include=tuple(include),
        json=asked.json or settings.get("json"),
        log=asked.log or settings.get("log"),
        halts=asked.halt_on_error or settings.get("halt_on_error", "0") not in {"0", ""},
        exit_code=int(code),
        suspects=asked.suspects or settings.get("suspects"),
    )


def run(asked: argparse.Namespace) -> int:
    """Run the program; the exit code."""
    how = options_of(asked, os.environ)
    target = loading.target_of(asked.program)
    roots = [target.file.parent, *folders_of(how.include)]
    suppressions = Suppressions(patterns_in(Path("pyproject.toml")))
    if how.suspects:
        write_text(how.suspects, "")  # what can't be written is told before a long run
    with _Teller(how) as teller, instrument.instrumenting(roots) as found_roots:
        early = found_roots.already_imported()
        if early:
            teller.say(f"anymutex: imported too early to be watched: {', '.join(sorted(early)[:8])}")
        compiled = partial(instrument.code_of_file, names=found_roots.names)
        with (
            RaceWatch(teller.tell, suppressions) as watch,
            SuspectWatch(suppressions) if how.suspects else nullcontext() as suspecting,
            loading.loaded(target, asked.arguments, compiled) as program,
        ):
            teller.write_files = partial(_write_files, how, teller, watch, suspecting)
            code, _ = run_as_asked(program, options.weighed(asked, program)._replace(json=None))
        teller.write_files()
        watched = [file for file in modulehooks.files if found_roots.covers(file)]
        for unused in suppressions.unused(watched):
            teller.say(f"anymutex: keeps no race quiet: {unused}")
        teller.end(watch.races)
    return code or (how.exit_code if watch.races else 0)


def _write_files(
    how: RaceOptions, teller: _Teller, watch: RaceWatch, suspecting: SuspectWatch | None
) -> None:
    if how.json:
        write_json(how.json, [race.to_json() for race in watch.races])
    if how.suspects and suspecting is not None:
        teller.say(write_suspects(how.suspects, suspecting.suspects))


class _Teller:
    """Writes reports where they are wanted.

    Attributes:
        write_files: Writes what is written once, at the end or when a race halts the program.
    """

    def __init__(self, how: RaceOptions) -> None:
        self.write_files: Callable[[], None] = lambda: None
        self._how = how
        self._file: IO[str] | None = None

    def __enter__(self) -> _Teller:
        if self._how.log:
            try:
                self._file = open(self._how.log, "w", encoding="utf-8")  # closed in __exit__
            except OSError as error:
                raise UsageError(f"can't write {self._how.log}: {error.strerror}") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def say(self, text: str) -> None:
        """One line, or a report."""
        stream = self._file or sys.stderr
        if stream is not None:
            print(text, file=stream, flush=True)

    def tell(self, race: AwaitRace) -> None:
        """A race was found."""
        self.say(str(race))
        if self._how.halts:
            self.write_files()
            self.end([race])
            sys.stdout.flush()
            os._exit(self._how.exit_code)

    def end(self, races: list[AwaitRace]) -> None:
        """How many there were, and which were seen more than once."""
        for race in races:
            if race.seen > 1:
                self.say(f"{race.kind} of {race.location} at {race.place}: seen {race.seen} times")
        if races:
            self.say(f"Found {len(races)} await race(s)")


def _settings_in(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split():
        name, equals, value = part.partition("=")
        if not equals or name not in _SETTINGS:
            raise UsageError(f"{VARIABLE}: {part!r} is no setting of {', '.join(sorted(_SETTINGS))}")
        yield name, value


def folders_of(packages: tuple[str, ...]) -> Iterator[Path]:
    """Where the packages that `--include` names are.

    Raises:
        UsageError: There is no such package.
    """
    for package in packages:
        folder: Any = instrument.folder_of(package)
        if folder is None:
            raise UsageError(f"--include: there is no package {package}")
        yield folder
