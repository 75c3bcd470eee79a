"""Template renderer that keeps the locale of the current request in an attribute.

RACE: request state on a singleton - render() sets `self.locale`, awaits the template
loader (one checkpoint) and then translate() reads self.locale. By default the requests
follow each other; under another order of the steps one renders in the other's language.
"""
import anyio
import anyio.lowlevel

CATALOGUE = {"en": {"hello": "Hello"}, "de": {"hello": "Hallo"}, "fr": {"hello": "Salut"}}


class Loader:
    def __init__(self, **templates):
        self.templates = templates

    async def get(self, name):
        await anyio.lowlevel.checkpoint()
        return self.templates[name]


class Renderer:
    def __init__(self, loader):
        self.loader = loader
        self.locale = "en"

    def translate(self, word):
        return CATALOGUE[self.locale][word]

    async def render(self, template, locale, **values):
        self.locale = locale
        text = await self.loader.get(template)
        return text.format(greeting=self.translate("hello"), **values)


async def request(renderer, out, locale, name, queue_steps):
    for _ in range(queue_steps):
        await anyio.lowlevel.checkpoint()
    out[locale] = await renderer.render("home", locale, name=name)


async def main():
    renderer = Renderer(Loader(home="{greeting} {name}"))
    out = {}
    async with anyio.create_task_group() as tg:
        tg.start_soon(request, renderer, out, "de", "Uwe", 0)
        tg.start_soon(request, renderer, out, "fr", "Luc", 4)
        tg.start_soon(request, renderer, out, "en", "Tim", 8)
    return out


def damage(state):
    return any(CATALOGUE[loc]["hello"] not in text for loc, text in state.items())


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
