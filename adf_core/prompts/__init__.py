"""From templates to the text that is sent, and from answers back to conversations."""

from adf_core.prompts.answers import Answer, UnusableAnswer, answer_schema, read_answer
from adf_core.prompts.builtin import BUILTIN_OUTPUT_FORMATS, BUILTIN_TEMPLATES
from adf_core.prompts.templates import PromptValues, Template, TemplateError, compile_template, feedback_text

__all__ = [
    "BUILTIN_OUTPUT_FORMATS",
    "BUILTIN_TEMPLATES",
    "Answer",
    "PromptValues",
    "Template",
    "TemplateError",
    "UnusableAnswer",
    "answer_schema",
    "compile_template",
    "feedback_text",
    "read_answer",
]
