"""What Gemini's tokens cost, from the price list of genai-prices."""

from __future__ import annotations


def cost(model: str, *, input_tokens: int = 0, cached_tokens: int = 0, output_tokens: int = 0) -> float | None:
    """US dollars for a call, or None where the model's price is unknown.

    ``cached_tokens`` are those of ``input_tokens`` that the server had kept, at a lower price.
    """
    from genai_prices import Usage, calc_price

    tokens = Usage(
        input_tokens=input_tokens,
        cache_read_tokens=min(cached_tokens, input_tokens),
        output_tokens=output_tokens,
    )
    try:
        return float(calc_price(tokens, model_ref=model.removeprefix("models/"), provider_id="google").total_price)
    except LookupError:
        return None
