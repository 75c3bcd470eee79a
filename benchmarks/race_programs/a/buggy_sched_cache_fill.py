"""Product page cache that is invalidated by the editor; usually the page is rendered before the edit.
SCHEDULE-DEPENDENT
RACE: stale cache fill - PageCache.page reads the product (# READ), awaits the template, then fills the cache (# ACT);
an edit during the rendering leaves the old page in the cache. In the default order the edit comes after the fill.
"""
# OTHER ORDER: EDIT_AT=0.016
import sys

import anyio

EDIT_AT = 0.1


class Products:
    def __init__(self):
        self._rows = {7: "Red lamp"}

    def title(self, pk):
        return self._rows[pk]  # READ

    def rename(self, pk, title):
        self._rows[pk] = title


class Templates:
    async def render(self, title):
        await anyio.sleep(0.04)
        return f"<h1>{title}</h1>"


class PageCache:
    def __init__(self, products, templates):
        self.products = products
        self.templates = templates
        self._pages = {}

    def invalidate(self, pk):
        self._pages.pop(pk, None)

    async def page(self, pk):
        html = self._pages.get(pk)
        if html is None:
            html = await self.templates.render(self.products.title(pk))
            self._pages[pk] = html  # ACT
        return html


class Editor:
    def __init__(self, products, cache):
        self.products = products
        self.cache = cache

    async def rename(self, pk, title):
        await anyio.sleep(EDIT_AT)
        self.products.rename(pk, title)
        self.cache.invalidate(pk)


def damage(html) -> bool:
    return "Blue lamp" not in html


async def main():
    products = Products()
    cache = PageCache(products, Templates())
    editor = Editor(products, cache)
    async with anyio.create_task_group() as tg:
        tg.start_soon(cache.page, 7)
        tg.start_soon(editor.rename, 7, "Blue lamp")
    html = await cache.page(7)
    print(html, "damage", damage(html))
    return html


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
