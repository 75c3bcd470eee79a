"""The file of suspects: what `race --suspects` writes and `explore --suspects` reads.

It is JSON: `{"format": "anymutex-suspects", "version": 1, "suspects": [...]}`. Each suspect has `kind`,
`location`, `owner`, `seen`, the places `read` and `write`, and the lists of places `awaits` and `others`. A
place has `file`, `line`, `function` and `text`; files beneath the working directory are relative to it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from anymutex.errors import UsageError
from anymutex.watch.suspect import suspect_from

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anymutex.watch.suspect import Suspect

FORMAT = "anymutex-suspects"
VERSION = 1


def as_file(suspects: Iterable[Suspect]) -> dict[str, object]:
    """The content of a file, fit for `json.dump`."""
    return {"format": FORMAT, "version": VERSION, "suspects": [suspect.to_json() for suspect in suspects]}


def suspects_in(path: str) -> list[Suspect]:
    """The suspects in a file.

    Raises:
        UsageError: There is no such file, or it is none of suspects, or of another version.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}") from None
    except ValueError:  # no JSON, or no UTF-8
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UsageError(f"{path} is no file of suspects: `anymutex race --suspects PATH FILE` writes one")
    version = content.get("version")
    if version != VERSION:
        raise UsageError(f"{path} is of version {version!r}, and this anymutex reads version {VERSION}")
    try:
        return [suspect_from(told) for told in content["suspects"]]
    except (KeyError, TypeError, ValueError):
        raise UsageError(f"{path} is damaged: one of its suspects can't be read") from None
