"""Collaborative editor: an insert at the place of an anchor word, after a spell check.

RACE: stale index - insert_after() computes `pos = doc.text.index(word) + len(word)`,
awaits the spell checker, then slices doc.text at pos; text typed meanwhile in front of
the anchor has moved it, and the insert lands inside another word.
"""
import anyio


class Document:
    def __init__(self, text):
        self.text = text
        self.revision = 0

    def splice(self, pos, fragment):
        self.text = self.text[:pos] + fragment + self.text[pos:]
        self.revision += 1


class SpellChecker:
    known = {"very", "brown", "once", "upon"}

    async def check(self, fragment):
        await anyio.sleep(0.07)
        return all(w in self.known for w in fragment.split())


class Editor:
    def __init__(self, user, doc, checker):
        self.user = user
        self.doc = doc
        self.checker = checker

    async def insert_after(self, word, fragment):
        pos = self.doc.text.index(word) + len(word)
        if await self.checker.check(fragment):
            self.doc.splice(pos, " " + fragment)

    async def prepend(self, fragment):
        self.doc.splice(0, fragment + " ")
        await anyio.sleep(0)


async def main():
    doc = Document("the quick fox")
    ann, bob = (Editor(u, doc, SpellChecker()) for u in ("ann", "bob"))

    async def bob_types():
        await anyio.sleep(0.035)
        await bob.prepend("once upon")

    async with anyio.create_task_group() as tg:
        tg.start_soon(ann.insert_after, "quick", "brown")
        tg.start_soon(bob_types)
    return {"text": doc.text, "revision": doc.revision}


def damage(state):
    return state["text"] != "once upon the quick brown fox"


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
