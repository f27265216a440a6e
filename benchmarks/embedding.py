"""Vectors of texts from a GGUF model in this process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]
"""A row for each text."""


def embed(texts: Sequence[str], model: Path, context: int = 2048) -> Vectors:
    """The mean of a model's last hidden states over each text, by llama.cpp."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # else idle threads burn the processor
    import xllamacpp

    params: Any = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    # A text that is pooled has to be computed at once.
    params.n_ctx = params.n_batch = params.n_ubatch = context
    params.n_parallel = 1
    params.verbosity = -1
    with tempfile.TemporaryDirectory() as folder:
        params.hostnames = [f"{folder}/llama.sock"]  # the library always listens; a socket opens no port
        server = xllamacpp.Server(params)
    return np.array([server.handle_embeddings({"input": [text]})["data"][0]["embedding"] for text in texts])
