"""Hard caps on requests, tokens and money, kept by reserving each try's worst case before it is sent."""

from __future__ import annotations

from adf_core.components import Price, Request, Response, Usage
from adf_core.errors import UsageError
from adf_core.journal import Charge
from adf_core.project import Budget


class BudgetSpent(Exception):
    """The next try might exceed the budget; the text says which cap."""


class BudgetKeeper:
    """What was charged so far, with what is in flight at its worst case, against the caps."""

    def __init__(self, budget: Budget, charged: Charge, price: Price | None) -> None:
        """``charged`` is what earlier runs spent. UsageError for a cap in US dollars on a model of unknown price."""
        if budget.usd is not None and price is None:
            raise UsageError(
                "`budget.usd` needs the price of the model, which is not known. Use `budget.tokens` or "
                "`budget.requests`, or a model whose price is known."
            )
        self._budget = budget
        self._price = price
        self.charged = charged

    @property
    def limited(self) -> bool:
        """Whether there is any cap: then a charge must be on disk before its request is sent."""
        return self._budget != Budget()

    def reserve(self, request: Request) -> Charge:
        """Charge a try's worst case: the prompt's bytes as tokens, and all of ``max_tokens``. BudgetSpent where that
        is too much.
        """
        prompt = len(request.prompt.encode("utf-8", "surrogatepass"))
        price = self._price or Price(0.0, 0.0)
        worst = Charge(1, prompt + request.max_tokens, prompt * price.input_usd + request.max_tokens * price.output_usd)
        after = self.charged + worst
        for name, used, cap in (
            ("requests", after.requests, self._budget.requests),
            ("tokens", after.tokens, self._budget.tokens),
            ("usd", after.usd, self._budget.usd),
        ):
            if cap is not None and used > cap:
                raise BudgetSpent(f"`budget.{name}` ({cap:g}) leaves no room for another request")
        self.charged = after
        return worst

    def settle(self, reserved: Charge, response: Response | None) -> Charge:
        """Put what a try took in the place of its reservation; without a response it took a request and no tokens.

        A response that does not say what it took stays charged at the worst case.
        """
        if response is None:
            actual = Charge(1)
        elif response.usage == Usage():
            actual = reserved
        else:
            usage = response.usage
            usd = response.cost_usd
            if usd is None:
                price = self._price or Price(0.0, 0.0)
                usd = usage.input_tokens * price.input_usd + usage.output_tokens * price.output_usd
            actual = Charge(1, usage.input_tokens + usage.output_tokens, usd)
        self.charged = self.charged - reserved + actual
        return actual
