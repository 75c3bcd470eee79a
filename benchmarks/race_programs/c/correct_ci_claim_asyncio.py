"""CI coordinator: runners poll for the next pending job of a matrix.
CORRECT: claim before the await - a runner that cannot build the job gives its claim back
"""

import asyncio
from dataclasses import dataclass, field


@dataclass
class Job:
    id: int
    needs: str
    runner: str | None = None
    refused: set[str] = field(default_factory=set)
    builds: list[str] = field(default_factory=list)


class Coordinator:
    def __init__(self, jobs: list[Job]) -> None:
        self.jobs = {job.id: job for job in jobs}

    def claim_next(self, runner: str) -> Job | None:
        for job in self.jobs.values():
            if job.runner is None and runner not in job.refused:
                job.runner = runner
                return job
        return None

    def release(self, job: Job, runner: str) -> None:
        job.runner = None
        job.refused.add(runner)

    @property
    def finished(self) -> bool:
        return all(job.builds for job in self.jobs.values())


class Runner:
    def __init__(self, name: str, system: str, coordinator: Coordinator) -> None:
        self.name = name
        self.system = system
        self.coordinator = coordinator

    async def capable(self, job: Job) -> bool:
        await asyncio.sleep(0.004)
        return job.needs in (self.system, "any")

    async def run(self) -> None:
        while not self.coordinator.finished:
            job = self.coordinator.claim_next(self.name)
            if job is None:
                await asyncio.sleep(0.005)
            elif await self.capable(job):
                await asyncio.sleep(0.01)
                job.builds.append(self.name)
            else:
                self.coordinator.release(job, self.name)


async def main():
    needs = ["linux", "mac", "any", "linux", "mac"]
    coordinator = Coordinator([Job(i, n) for i, n in enumerate(needs)])
    async with asyncio.TaskGroup() as tg:
        for name, system in (("tux", "linux"), ("apple", "mac"), ("gnu", "linux")):
            tg.create_task(Runner(name, system, coordinator).run())
    return {job.id: job.builds for job in coordinator.jobs.values()}


def damage(state) -> bool:
    return any(len(builds) != 1 for builds in state.values())


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
