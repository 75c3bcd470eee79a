"""Paged feed reader as an async generator with an offset cursor into a live list of posts.
RACE: acting on a stale index - Feed.pages computes the end offset of a page from the live list (# READ), awaits the
rendering, then takes the next page from this offset (# ACT); a post deleted meanwhile shifts the list, one is skipped.
"""
import sys

import anyio


class Timeline:
    def __init__(self, posts):
        self.posts = list(posts)

    def delete(self, post):
        self.posts.remove(post)

    def window(self, offset, size):
        return self.posts[offset:offset + size]  # READ  # ACT


class Renderer:
    async def render(self, posts):
        await anyio.sleep(0.04)
        return [f"<p>{p}</p>" for p in posts]


class Feed:
    def __init__(self, timeline, renderer, size=2):
        self.timeline = timeline
        self.renderer = renderer
        self.size = size

    async def pages(self):
        offset = 0
        while True:
            page = self.timeline.window(offset, self.size)
            if not page:
                return
            offset += len(page)
            yield await self.renderer.render(page)


class Exporter:
    def __init__(self, feed):
        self.feed = feed
        self.html = []

    async def run(self):
        async for page in self.feed.pages():
            self.html.extend(page)


async def moderator(timeline, post, after):
    await anyio.sleep(after)
    timeline.delete(post)


def damage(state) -> bool:
    timeline, exporter = state
    return any(f"<p>{p}</p>" not in exporter.html for p in timeline.posts)


async def main():
    timeline = Timeline(["spam", "a", "b", "c", "d"])
    exporter = Exporter(Feed(timeline, Renderer()))
    async with anyio.create_task_group() as tg:
        tg.start_soon(exporter.run)
        tg.start_soon(moderator, timeline, "spam", 0.02)
    state = (timeline, exporter)
    print(exporter.html, timeline.posts, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
