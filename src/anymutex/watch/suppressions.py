"""Races that somebody has looked at and does not want to hear of again.

Rule 1. `# anymutex: ok REASON` on one of the lines of a race, the other side's included, keeps it quiet.
Rule 2. So does a pattern, as in `[tool.anymutex] race-ok = ["lost-update Account.*", "*/legacy.py:*"]` of
        pyproject.toml: with `*`, against "KIND LOCATION" and against each "FILE:LINE".
Rule 3. What kept nothing quiet is told at the end: it is out of date, or hides the next race.
"""

from __future__ import annotations

import linecache
import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from anymutex.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from anymutex.stacks import Place
    from anymutex.watch.racereport import AwaitRace

_COMMENT = re.compile(r"#\s*anymutex:\s*ok\b")


class Suppressions:
    """What is not to be told, and what of it was needed.

    Args:
        patterns: See rule 2.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._patterns = dict.fromkeys(patterns, False)
        self._lines: set[tuple[str, int]] = set()

    def covers(self, race: AwaitRace) -> bool:
        """Whether `race` is to be kept quiet."""
        places = [place for side in (*race.reads, *race.writes, race.remote) for place in side.places[-1:]]
        return self.keeps_quiet(race.kind, race.location, places)

    def keeps_quiet(self, kind: str, location: str, places: Sequence[Place]) -> bool:
        """Whether what happens to `location` at `places` is not to be told."""
        lines = {(place.file, place.line) for place in places if _says_ok(place)}
        texts = [f"{kind} {location}", *map(str, places)]
        matching = [
            pattern for pattern in self._patterns if any(fnmatchcase(text, pattern) for text in texts)
        ]
        self._lines |= lines
        self._patterns.update(dict.fromkeys(matching, True))
        return bool(lines or matching)

    def unused(self, files: Iterable[str]) -> Iterator[str]:
        """The patterns, and the comments in `files`, that kept nothing quiet."""
        yield from (repr(pattern) for pattern, used in self._patterns.items() if not used)
        used_lines = {(Path(file).resolve(), line) for file, line in self._lines}
        for file in files:
            for number, text in enumerate(linecache.getlines(file), 1):
                if _COMMENT.search(text) and (Path(file).resolve(), number) not in used_lines:
                    yield f"{file}:{number}"


def patterns_in(pyproject: Path) -> list[str]:
    """The patterns of a pyproject.toml; none if there is no such file.

    Raises:
        UsageError: The file is no TOML, or `race-ok` no list of texts.
    """
    try:
        text = pyproject.read_text(encoding="utf-8")
        found = tomllib.loads(text).get("tool", {}).get("anymutex", {}).get("race-ok", [])
    except FileNotFoundError:
        return []
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{pyproject}: {error}") from None
    if not isinstance(found, list) or not all(isinstance(pattern, str) for pattern in found):
        raise UsageError(f"{pyproject}: tool.anymutex.race-ok must be a list of texts")
    return found


def _says_ok(place: Place) -> bool:
    return bool(_COMMENT.search(linecache.getline(place.file, place.line)))
