"""Report generator that switches a module-wide locale while a report renders.
RACE: save-and-restore of a global - use_locale sets CURRENT for its block, another report formats in it
"""

import asyncio

CURRENT = {"locale": "en"}
FORMATS = {"en": "{:,.2f}", "de": "{:.2f} EUR", "jp": "{:.0f} YEN"}


class use_locale:
    def __init__(self, name: str) -> None:
        self.name = name
        self.saved = ""

    def __enter__(self) -> None:
        self.saved = CURRENT["locale"]
        CURRENT["locale"] = self.name

    def __exit__(self, *exc) -> None:
        CURRENT["locale"] = self.saved


def money(value: float) -> str:
    return FORMATS[CURRENT["locale"]].format(value)


class Report:
    def __init__(self, locale: str, rows: list[float]) -> None:
        self.locale = locale
        self.rows = rows

    async def lines(self):
        for row in self.rows:
            await asyncio.sleep(0.01)
            yield money(row)

    async def render(self) -> list[str]:
        with use_locale(self.locale):
            return [line async for line in self.lines()]


async def main():
    CURRENT["locale"] = "en"
    german, japanese = await asyncio.gather(
        Report("de", [1.5, 2.5]).render(),
        Report("jp", [100.0, 200.0]).render(),
    )
    return {"de": german, "jp": japanese, "after": CURRENT["locale"]}


def damage(state) -> bool:
    return not all("EUR" in s for s in state["de"]) or state["after"] != "en"


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
