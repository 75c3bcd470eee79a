"""CI server: runner states in nested dicts, a stage updates a build's record.

RACE: stale copy - finish_stage() takes `record = {**builds[build]}`, uploads the log,
then `builds[build] = {**record, "stages": ...}`; a cancel requested meanwhile is undone
and the cancelled build continues with the deploy.
"""
import anyio


def new_build(*stages):
    return {"status": "running", "stages": {s: "todo" for s in stages}}


class LogStore:
    def __init__(self):
        self.logs = {}

    async def upload(self, build, stage):
        await anyio.sleep(0.07)
        self.logs.setdefault(build, []).append(stage)


class Pipeline:
    def __init__(self, logs):
        self.builds = {}
        self.logs = logs
        self.deployed = []

    async def finish_stage(self, build, stage, result):
        record = {**self.builds[build]}
        await self.logs.upload(build, stage)
        self.builds[build] = {**record, "stages": {**record["stages"], stage: result}}

    async def run(self, build):
        for stage in list(self.builds[build]["stages"]):
            if self.builds[build]["status"] != "running":
                return
            if stage == "deploy":
                self.deployed.append(build)
            await self.finish_stage(build, stage, "green")
        self.builds[build]["status"] = "done"

    def cancel(self, build):
        self.builds[build] = {**self.builds[build], "status": "cancelled"}


async def main():
    pipeline = Pipeline(LogStore())
    pipeline.builds["#41"] = new_build("lint", "test", "deploy")
    cancelled = []

    async def user():
        await anyio.sleep(0.035)
        pipeline.cancel("#41")
        cancelled.append("#41")

    async with anyio.create_task_group() as tg:
        tg.start_soon(pipeline.run, "#41")
        tg.start_soon(user)
    return {"cancelled": cancelled, "deployed": pipeline.deployed}


def damage(state):
    return bool(set(state["cancelled"]) & set(state["deployed"]))


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
