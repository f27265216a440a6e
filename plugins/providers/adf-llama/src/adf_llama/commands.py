"""``adf models``: which models can be fetched, and fetching them ahead of a run."""

from __future__ import annotations

import click


@click.group("models", invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> None:
    """List the models that the provider `llama` knows by name, and where they are."""
    if context.invoked_subcommand is not None:
        return
    from adf_llama.catalogue import CATALOGUE
    from adf_llama.models import cached

    for model in CATALOGUE.values():
        click.echo(f"{model.name}  ({model.description}, {model.licence}, {model.size / 1e6:.0f} MB)")
        click.echo(f"    {cached(model) or 'not fetched yet; `adf models pull` or the first run does it'}")
    click.echo("any other GGUF file: -o model=/path/to.gguf")


@models.command("pull")
@click.argument("name", required=False)
def pull(name: str | None) -> None:
    """Fetch the model NAME, by default the one that runs use, into the cache and print its place."""
    from adf_core import UsageError
    from adf_llama.catalogue import CATALOGUE, SMOLLM2
    from adf_llama.progress import fetch_visibly

    model = CATALOGUE.get(name or SMOLLM2.name)
    if model is None:
        raise UsageError(f"There is no model `{name}` to fetch; known are: {', '.join(CATALOGUE)}.")
    click.echo(fetch_visibly(model))
