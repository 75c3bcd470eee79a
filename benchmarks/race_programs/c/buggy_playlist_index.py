"""Shared playlist of a music bot: tracks are deleted by position after a permission check.
RACE: stale index - Playlist.find in remove_track, Playlist.delete_at after the role lookup
"""

import anyio


class Playlist:
    def __init__(self, titles) -> None:
        self.titles = list(titles)

    def find(self, title: str) -> int:
        return self.titles.index(title)

    def delete_at(self, position: int) -> str:
        return self.titles.pop(position)


class Roles:
    delays = {"dj": 0.07, "mod": 0.01}

    async def may_edit(self, user: str) -> bool:
        await anyio.sleep(self.delays.get(user, 0.01))
        return user in self.delays


class MusicBot:
    def __init__(self, playlist: Playlist) -> None:
        self.playlist = playlist
        self.roles = Roles()
        self.log: list[tuple[str, str, str]] = []

    async def remove_track(self, user: str, title: str) -> None:
        position = self.playlist.find(title)
        if not await self.roles.may_edit(user):
            return
        removed = self.playlist.delete_at(position)
        self.log.append((user, title, removed))


async def main():
    bot = MusicBot(Playlist(["intro", "blue", "red", "green", "outro"]))
    async with anyio.create_task_group() as tg:
        tg.start_soon(bot.remove_track, "dj", "red")
        tg.start_soon(bot.remove_track, "mod", "blue")
    return {"left": bot.playlist.titles, "log": bot.log}


def damage(state) -> bool:
    return state["left"] != ["intro", "green", "outro"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
