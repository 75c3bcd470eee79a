"""Help desk: the next ticket number is the highest number plus one.

RACE: check-then-act - create() computes `number = next_number()` by max(), awaits the
spam filter, then stores tickets[number]; two tickets get the same number and the
first one is overwritten.
"""
import anyio


class TicketStore(dict):
    def next_number(self):
        return max(self, default=100) + 1


class SpamFilter:
    def __init__(self):
        self.checked = 0

    async def is_spam(self, text):
        self.checked += 1
        await anyio.sleep(0.05)
        return "lottery" in text


class Notifier:
    def __init__(self):
        self.mails = []

    async def confirm(self, email, number):
        await anyio.sleep(0.01)
        self.mails.append((email, number))


class HelpDesk:
    def __init__(self):
        self.tickets = TicketStore()
        self.spam = SpamFilter()
        self.notifier = Notifier()

    async def create(self, email, text):
        number = self.tickets.next_number()
        if await self.spam.is_spam(text):
            return None
        self.tickets[number] = {"from": email, "text": text, "open": True}
        await self.notifier.confirm(email, number)
        return number


MAILS = [
    (0.00, "a@x", "printer on fire"),
    (0.02, "b@x", "you won the lottery"),
    (0.015, "c@x", "screen is blue"),
    (0.12, "d@x", "keyboard is sticky"),
]


async def main():
    desk = HelpDesk()

    async def incoming(delay, email, text):
        await anyio.sleep(delay)
        await desk.create(email, text)

    async with anyio.create_task_group() as tg:
        for mail in MAILS:
            tg.start_soon(incoming, *mail)
    return {"mails": desk.notifier.mails, "tickets": {n: t["from"] for n, t in desk.tickets.items()}}


def damage(state):
    return any(state["tickets"].get(n) != email for email, n in state["mails"])


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
