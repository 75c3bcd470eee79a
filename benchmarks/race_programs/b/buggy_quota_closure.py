"""API quota kept in a closure: make_quota() returns a spend/refund pair.

RACE: lost update - spend() reads `left = remaining`, awaits the audit log and writes
the nonlocal `remaining = left - units`; a refund or spend made meanwhile is lost.
"""
import anyio


def make_quota(total, audit):
    remaining = total

    async def spend(tenant, units):
        nonlocal remaining
        left = remaining
        if left < units:
            return False
        await audit(f"{tenant} spends {units}")
        remaining = left - units
        return True

    async def refund(tenant, units):
        nonlocal remaining
        await audit(f"{tenant} is refunded {units}")
        remaining += units

    def current():
        return remaining

    return spend, refund, current


def make_audit(latency):
    lines = []

    async def audit(text):
        await anyio.sleep(latency)
        lines.append(text)

    audit.lines = lines
    return audit


async def main():
    audit = make_audit(0.06)
    spend, refund, current = make_quota(100, audit)
    outcome = []

    async def tenant(name, delay, units):
        await anyio.sleep(delay)
        outcome.append((name, units, await spend(name, units)))

    async with anyio.create_task_group() as tg:
        tg.start_soon(tenant, "acme", 0, 10)
        tg.start_soon(tenant, "zeta", 0.03, 20)
    spent = sum(units for _, units, ok in outcome if ok)
    return {"remaining": current(), "spent": spent, "total": 100}


def damage(state):
    return state["remaining"] != state["total"] - state["spent"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
