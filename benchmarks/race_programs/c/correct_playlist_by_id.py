"""Shared playlist of a music bot: tracks are deleted after a permission check.
CORRECT: identity instead of position - the index is looked up after the await, a missing track is no error
"""

import itertools
from dataclasses import dataclass, field

import anyio

_ids = itertools.count(1)


@dataclass(frozen=True)
class Track:
    title: str
    id: int = field(default_factory=lambda: next(_ids))


class Playlist:
    def __init__(self, titles) -> None:
        self.tracks = [Track(title) for title in titles]

    def by_title(self, title: str) -> Track | None:
        return next((t for t in self.tracks if t.title == title), None)

    def position(self, track: Track) -> int:
        for n, candidate in enumerate(self.tracks):
            if candidate.id == track.id:
                return n
        return -1

    def delete(self, track: Track) -> bool:
        position = self.position(track)
        if position < 0:
            return False
        del self.tracks[position]
        return True


class MusicBot:
    def __init__(self, playlist: Playlist) -> None:
        self.playlist = playlist
        self.misses: list[str] = []

    async def may_edit(self, user: str) -> bool:
        await anyio.sleep({"dj": 0.03, "mod": 0.01}.get(user, 0.02))
        return True

    async def remove_track(self, user: str, title: str) -> None:
        track = self.playlist.by_title(title)
        if track is None or not await self.may_edit(user):
            return
        if not self.playlist.delete(track):
            self.misses.append(user)


async def main():
    bot = MusicBot(Playlist(["intro", "blue", "red", "green", "outro"]))
    async with anyio.create_task_group() as tg:
        tg.start_soon(bot.remove_track, "dj", "red")
        tg.start_soon(bot.remove_track, "mod", "blue")
        tg.start_soon(bot.remove_track, "bot", "blue")
    return [track.title for track in bot.playlist.tracks]


def damage(state) -> bool:
    return state != ["intro", "green", "outro"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
