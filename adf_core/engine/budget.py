"""Hard caps on requests, tokens and money, kept by reserving each try's worst case before it is sent."""

from __future__ import annotations

from dataclasses import dataclass

from adf_core.components import Price, Provider, Request, Response, Usage
from adf_core.errors import ProviderError, Timeout, Unreachable, UsageError
from adf_core.journal import Charge
from adf_core.project import Budget


class BudgetSpent(Exception):
    """The next try might exceed the budget; the text says which cap."""


@dataclass(frozen=True, slots=True)
class Spending:
    """One cap of a budget, in its ``unit``: what was spent, what is reserved for requests in flight, what is left."""

    unit: str
    spent: float
    reserved: float
    left: float


class BudgetKeeper:
    """What was charged so far, with what is in flight at its worst case, against the caps."""

    def __init__(self, budget: Budget, charged: Charge) -> None:
        """``charged`` is what earlier runs spent."""
        self._budget = budget
        self.charged = charged
        self.reserved = Charge()
        """What of it is for requests in flight, at their worst case."""

    @property
    def limited(self) -> bool:
        """Whether there is any cap: then a charge must be on disk before its request is sent."""
        return self._budget != Budget()

    def price_of(self, provider: Provider) -> Price:
        """What to charge for a token of this provider's model, nothing where that is unknown. UsageError where there
        is a cap in US dollars and it is unknown.
        """
        price = provider.price()
        if price is None and self._budget.usd is not None:
            model = f"the model `{provider.model}`" if provider.model else "the model"
            raise UsageError(
                f"`budget.usd` needs the price of {model} of the provider `{provider.name}`, which is not known. Use "
                "`budget.tokens` or `budget.requests`, or a model whose price is known."
            )
        return price or Price(0.0, 0.0)

    def spending(self) -> list[Spending]:
        """How it stands with each cap that there is."""
        return [
            Spending(unit, used - reserved, reserved, max(0, cap - used))
            for unit, used, reserved, cap in (
                ("requests", self.charged.requests, self.reserved.requests, self._budget.requests),
                ("tokens", self.charged.tokens, self.reserved.tokens, self._budget.tokens),
                ("usd", self.charged.usd, self.reserved.usd, self._budget.usd),
            )
            if cap is not None
        ]

    def reserve(self, request: Request, price: Price) -> Charge:
        """Charge a try's worst case: the prompt's bytes as tokens, and all of ``max_tokens``. BudgetSpent where that
        is too much.
        """
        prompt = len(request.prompt.encode("utf-8", "surrogatepass"))
        worst = Charge(1, prompt + request.max_tokens, prompt * price.input_usd + request.max_tokens * price.output_usd)
        if self.limited:
            self._check(self.charged + worst)
        self.charged += worst
        self.reserved += worst
        return worst

    def _check(self, after: Charge) -> None:
        for name, used, cap in (
            ("requests", after.requests, self._budget.requests),
            ("tokens", after.tokens, self._budget.tokens),
            ("usd", after.usd, self._budget.usd),
        ):
            if cap is not None and used > cap:
                raise BudgetSpent(f"`budget.{name}` ({cap:g}) leaves no room for another request")

    def settle(self, reserved: Charge, outcome: Response | ProviderError, price: Price) -> None:
        """Put what a try took in the place of its reservation; where a server refused, that is a request and no tokens.

        What a lost request took is unknown, and so is that of a response that does not say it: these stay charged at
        the worst case.
        """
        self.reserved -= reserved
        if isinstance(outcome, Response) and outcome.usage != Usage():
            usage = outcome.usage
            usd = outcome.cost_usd
            if usd is None:
                usd = usage.input_tokens * price.input_usd + usage.output_tokens * price.output_usd
            self.charged += Charge(1, usage.input_tokens + usage.output_tokens, usd) - reserved
        elif not isinstance(outcome, Response | Timeout | Unreachable):
            self.charged += Charge(1) - reserved
