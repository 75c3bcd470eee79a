"""Paged feed reader as an async generator over a live list of posts, with keyset pagination.
SAFE BECAUSE: the cursor is the id of the last post that was delivered, not an index; each page is cut afresh from the
live list by `post.id > cursor`, so deletions and new posts shift nothing.
"""
import sys
from typing import NamedTuple

import anyio


class Post(NamedTuple):
    id: int
    text: str


class Timeline:
    def __init__(self, texts):
        self.posts = []
        for text in texts:
            self.publish(text)

    def publish(self, text):
        number = self.posts[-1].id + 1 if self.posts else 1
        self.posts.append(Post(number, text))

    def delete(self, text):
        self.posts = [p for p in self.posts if p.text != text]

    def after(self, cursor, size):
        return [p for p in self.posts if p.id > cursor][:size]


class Renderer:
    async def render(self, posts):
        await anyio.sleep(0.01)
        return [f"<p>{p.text}</p>" for p in posts]


class Feed:
    def __init__(self, timeline, renderer, size=2):
        self.timeline = timeline
        self.renderer = renderer
        self.size = size

    async def pages(self, cursor=0):
        while page := self.timeline.after(cursor, self.size):
            cursor = page[-1].id
            yield await self.renderer.render(page)


class Exporter:
    def __init__(self, feed):
        self.feed = feed
        self.html = []

    async def run(self):
        async for page in self.feed.pages():
            self.html.extend(page)


async def moderator(timeline):
    await anyio.sleep(0.005)
    timeline.delete("spam")
    await anyio.sleep(0.01)
    timeline.publish("e")


def damage(state) -> bool:
    timeline, exporter = state
    missing = [p for p in ("a", "b", "c", "d") if f"<p>{p}</p>" not in exporter.html]
    return bool(missing) or len(exporter.html) != len(set(exporter.html))


async def main():
    timeline = Timeline(["spam", "a", "b", "c", "d"])
    exporter = Exporter(Feed(timeline, Renderer()))
    async with anyio.create_task_group() as tg:
        tg.start_soon(exporter.run)
        tg.start_soon(moderator, timeline)
    state = (timeline, exporter)
    print(exporter.html, [p.text for p in timeline.posts], "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
