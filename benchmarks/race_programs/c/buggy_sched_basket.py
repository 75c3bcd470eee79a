"""Shop basket: a coupon is applied while another tab adds an article.
RACE: lost update - Basket.total read in apply_coupon, Basket.set_total after the coupon lookup (needs add_article in between)
"""

from dataclasses import dataclass, field

import anyio
from anyio import lowlevel


@dataclass
class Basket:
    _total: int = 1000
    articles: list[str] = field(default_factory=lambda: ["book"])

    @property
    def total(self) -> int:
        return self._total

    def set_total(self, cents: int) -> None:
        self._total = cents


class Catalogue:
    PRICES = {"pen": 200}

    async def price(self, article: str) -> int:
        for _ in range(6):  # auth, shard, row, currency, tax, stock
            await lowlevel.checkpoint()
        return self.PRICES[article]


class BasketApi:
    def __init__(self, basket: Basket) -> None:
        self.basket = basket
        self.catalogue = Catalogue()

    async def _discount(self, code: str) -> int:
        await lowlevel.checkpoint()
        return {"MINUS3": 300}.get(code, 0)

    async def apply_coupon(self, code: str) -> None:
        total = self.basket.total
        discount = await self._discount(code)
        self.basket.set_total(max(0, total - discount))

    async def add_article(self, name: str) -> None:
        price = await self.catalogue.price(name)
        self.basket.articles.append(name)
        self.basket.set_total(self.basket.total + price)


async def main():
    api = BasketApi(Basket())
    async with anyio.create_task_group() as tg:
        tg.start_soon(api.apply_coupon, "MINUS3")
        tg.start_soon(api.add_article, "pen")
    return {"total": api.basket.total, "articles": api.basket.articles}


def damage(state) -> bool:
    return state["total"] != 900


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
