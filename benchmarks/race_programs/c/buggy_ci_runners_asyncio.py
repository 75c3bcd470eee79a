"""CI coordinator: runners poll for the next pending job of a matrix.
RACE: double take - Coordinator.next_pending in Runner.poll, Job.claim after the capability check
"""

import asyncio
from dataclasses import dataclass, field


@dataclass
class Job:
    id: int
    needs: str
    runner: str | None = None
    builds: list[str] = field(default_factory=list)

    def claim(self, runner: str) -> None:
        self.runner = runner


class Coordinator:
    def __init__(self, jobs: list[Job]) -> None:
        self.jobs = {job.id: job for job in jobs}

    def next_pending(self) -> Job | None:
        for job in self.jobs.values():
            if job.runner is None:
                return job
        return None


class Runner:
    def __init__(self, name: str, coordinator: Coordinator) -> None:
        self.name = name
        self.coordinator = coordinator

    async def capable(self, job: Job) -> bool:
        await asyncio.sleep(0.01)
        return job.needs in ("linux", "any")

    async def poll(self) -> bool:
        job = self.coordinator.next_pending()
        if job is None:
            return False
        if await self.capable(job):
            job.claim(self.name)
            await self.build(job)
        return True

    async def build(self, job: Job) -> None:
        await asyncio.sleep(0.02)
        job.builds.append(self.name)

    async def run(self) -> None:
        while await self.poll():
            pass


async def main():
    coordinator = Coordinator([Job(i, "linux") for i in range(4)])
    async with asyncio.TaskGroup() as tg:
        for name in ("runner-a", "runner-b"):
            tg.create_task(Runner(name, coordinator).run())
    return {job.id: job.builds for job in coordinator.jobs.values()}


def damage(state) -> bool:
    return any(len(builds) != 1 for builds in state.values())


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
