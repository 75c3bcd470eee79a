"""Collaborative editor: an insert at a position, after a spell check.

SAFE BECAUSE: the position is read together with the revision; after the await, in one
step, the position is transformed over all operations that were applied since that
revision (they are in the log), and only then used.
"""
import anyio


class Document:
    def __init__(self, text):
        self.text = text
        self.log = []

    @property
    def revision(self):
        return len(self.log)

    def rebase(self, pos, revision):
        for at, size in self.log[revision:]:
            if at <= pos:
                pos += size
        return pos

    def apply(self, pos, fragment):
        self.text = self.text[:pos] + fragment + self.text[pos:]
        self.log.append((pos, len(fragment)))


class SpellChecker:
    async def check(self, fragment):
        await anyio.sleep(0.07)
        return fragment.isascii()


class Editor:
    def __init__(self, doc, checker):
        self.doc = doc
        self.checker = checker

    async def insert_after(self, word, fragment):
        revision = self.doc.revision
        pos = self.doc.text.index(word) + len(word)
        if await self.checker.check(fragment):
            self.doc.apply(self.doc.rebase(pos, revision), " " + fragment)

    def prepend(self, fragment):
        self.doc.apply(0, fragment + " ")


async def main():
    doc = Document("the quick fox")
    ann, bob = (Editor(doc, SpellChecker()) for _ in range(2))

    async def bob_types():
        await anyio.sleep(0.035)
        bob.prepend("upon")
        await anyio.sleep(0.005)
        bob.prepend("once")
        await bob.insert_after("fox", "ran")

    async with anyio.create_task_group() as tg:
        tg.start_soon(ann.insert_after, "quick", "brown")
        tg.start_soon(bob_types)
    return doc.text


def damage(state):
    return state != "once upon the quick brown fox ran"


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
