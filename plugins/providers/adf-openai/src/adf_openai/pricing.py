"""What tokens cost, from the price list of genai-prices."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from adf_core import Usage


def cost(url: str, model: str, usage: Usage, cached: int = 0) -> float | None:
    """US dollars for a call to ``model`` at ``url``, or None where the price is unknown (every server of one's own).

    ``cached`` are those of the input tokens that the server had kept, at a lower price.
    """
    import genai_prices

    tokens = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        cache_read_tokens=min(cached, usage.input_tokens),
        output_tokens=usage.output_tokens,
    )
    try:
        return float(genai_prices.calc_price(tokens, model_ref=model, provider_api_url=url).total_price)
    except LookupError:
        return None


def is_local(url: str) -> bool:
    """Whether a server is this machine or in its own network, as far as its name tells; such a one has no price."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return False
    try:
        return ipaddress.ip_address(name).is_private
    except ValueError:
        return "." not in name or name.endswith((".local", ".internal"))
