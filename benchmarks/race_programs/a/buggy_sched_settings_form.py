"""Settings form: load the settings, let the user think, save all the fields.
SCHEDULE-DEPENDENT
RACE: lost update - Form.submit copies the settings (# READ), awaits the spell checker, then replaces all fields (# ACT);
a change made by the mobile app in between is undone. In the default order the app writes before the form is opened.
"""
# OTHER ORDER: APP_AT=0.08
import sys
from dataclasses import dataclass, replace

import anyio

APP_AT = 0.008


@dataclass(frozen=True)
class Settings:
    language: str = "en"
    newsletter: bool = True
    signature: str = ""


class SettingsRepo:
    def __init__(self):
        self._by_user = {"ann": Settings()}

    def get(self, user):
        return self._by_user[user]  # READ

    def put(self, user, settings):
        self._by_user[user] = settings  # ACT


class SpellChecker:
    async def check(self, text):
        await anyio.sleep(0.08)
        return text.replace("teh", "the")


class Form:
    def __init__(self, repo, checker):
        self.repo = repo
        self.checker = checker

    async def submit(self, user, signature):
        current = self.repo.get(user)
        checked = await self.checker.check(signature)
        self.repo.put(user, replace(current, signature=checked))


class MobileApp:
    def __init__(self, repo):
        self.repo = repo

    async def unsubscribe(self, user):
        await anyio.sleep(APP_AT)
        self.repo.put(user, replace(self.repo.get(user), newsletter=False))


async def open_form(form, user, signature):
    await anyio.sleep(0.04)
    await form.submit(user, signature)


def damage(settings) -> bool:
    return settings.newsletter or settings.signature != "the end"


async def main():
    repo = SettingsRepo()
    async with anyio.create_task_group() as tg:
        tg.start_soon(open_form, Form(repo, SpellChecker()), "ann", "teh end")
        tg.start_soon(MobileApp(repo).unsubscribe, "ann")
    settings = repo.get("ann")
    print(settings, "damage", damage(settings))
    return settings


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
