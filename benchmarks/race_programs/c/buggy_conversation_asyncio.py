"""Messenger bot with a conversation per user that expires.
RACE: vanished key (KeyError) - Conversations.active in Bot.on_message, Conversations.advance after translation; the timer removed the entry
"""

import asyncio


class Conversations:
    def __init__(self) -> None:
        self._steps: dict[int, int] = {}

    def begin(self, user: int) -> None:
        self._steps[user] = 0

    def active(self, user: int) -> bool:
        return user in self._steps

    def advance(self, user: int) -> int:
        self._steps[user] += 1
        return self._steps[user]

    def end(self, user: int) -> None:
        self._steps.pop(user, None)


class Bot:
    def __init__(self) -> None:
        self.conversations = Conversations()
        self.replies: list[str] = []
        self.crashes: list[str] = []
        self.timers: list[asyncio.Task] = []

    def start(self, user: int, lifetime: float) -> None:
        self.conversations.begin(user)
        self.timers.append(asyncio.create_task(self._expire(user, lifetime)))

    async def _expire(self, user: int, lifetime: float) -> None:
        await asyncio.sleep(lifetime)
        self.conversations.end(user)

    async def translate(self, text: str) -> str:
        await asyncio.sleep(0.06)
        return text.lower()

    async def on_message(self, user: int, text: str) -> None:
        if not self.conversations.active(user):
            self.replies.append("say /start first")
            return
        answer = await self.translate(text)
        self.replies.append(f"step {self.conversations.advance(user)}: {answer}")

    async def safely(self, user: int, text: str) -> None:
        try:
            await self.on_message(user, text)
        except KeyError as exc:
            self.crashes.append(f"KeyError {exc}")


async def main():
    bot = Bot()
    bot.start(5, lifetime=0.03)
    bot.start(6, lifetime=0.2)
    await asyncio.gather(bot.safely(5, "BERLIN"), bot.safely(6, "PARIS"), bot.safely(7, "ROME"))
    await asyncio.gather(*bot.timers)
    return {"replies": bot.replies, "crashes": bot.crashes}


def damage(state) -> bool:
    return bool(state["crashes"])


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
