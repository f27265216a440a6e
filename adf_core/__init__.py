"""Auto Data Fountain: fine-tuning datasets from a model of the domain.

These are the names a plugin author may import; everything else in ``adf_core`` may change without notice.
"""

from adf_core.components import (
    Component,
    Direction,
    DirectionContext,
    Job,
    Price,
    Provider,
    RateLimit,
    Request,
    Response,
    RunInfo,
    Runner,
    Sink,
    SinkResult,
    Usage,
    ValidationContext,
    Validator,
    Verdict,
    option,
)
from adf_core.conversation import Candidate, Conversation, Record, Stage, Turn, Type
from adf_core.errors import (
    AdfError,
    AuthenticationFailed,
    Complaint,
    ContentBlocked,
    InvalidInput,
    InvalidRequest,
    Overloaded,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Reworded,
    Timeout,
    Unreachable,
    UsageError,
)
from adf_core.files import atomic_write
from adf_core.hookspecs import hookimpl
from adf_core.keys import find_key

__version__ = "0.1.0"

__all__ = [
    "AdfError",
    "AuthenticationFailed",
    "Candidate",
    "Complaint",
    "Component",
    "ContentBlocked",
    "Conversation",
    "Direction",
    "DirectionContext",
    "InvalidInput",
    "InvalidRequest",
    "Job",
    "Overloaded",
    "Price",
    "Provider",
    "ProviderError",
    "QuotaExhausted",
    "RateLimit",
    "RateLimited",
    "Record",
    "Request",
    "Response",
    "Reworded",
    "RunInfo",
    "Runner",
    "Sink",
    "SinkResult",
    "Stage",
    "Timeout",
    "Turn",
    "Type",
    "Unreachable",
    "Usage",
    "UsageError",
    "ValidationContext",
    "Validator",
    "Verdict",
    "__version__",
    "atomic_write",
    "find_key",
    "hookimpl",
    "option",
]
