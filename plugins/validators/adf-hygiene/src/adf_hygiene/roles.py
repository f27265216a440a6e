"""Who speaks: labels and chat tokens inside a text, the two saying the same, and one speaking as the other."""

from __future__ import annotations

import re

from adf_hygiene.repetition import same
from adf_hygiene.scene import Found, Role, Scene
from adf_hygiene.speakers import Speakers
from adf_hygiene.wording import Wording, first_wording

_TOKEN = re.compile(
    r"<\|[a-z_]{2,24}\|>|\[/?INST\]|<</?SYS>>|</?(?:think|thinking|bos|eos|pad|unk)>|<(?:start|end)_of_turn>"
    r"|\A\s*<s>|</s>\s*\Z|#{3} ?(?:Instruction|Response|Input|Human|Assistant|User|System|End)\b:?"
)
_LAST_TOKEN = re.compile(r"(?:<\|(?:im_end|endoftext|eot_id|end|end_of_text)\|>|</s>|<end_of_turn>|<eos>)\s*\Z")
_FEWEST_WORDS = 5
_OFFERS = (
    Wording.of(
        "help|assist|can i do|thank you for|are you looking|let me|brings you|welcome|with your",
        r"\bhow (?:can|may|could) i (?:help|assist|be of (?:help|service|assistance to)) ?you\b",
        r"\bwhat can i do for you\b",
        r"\bi(?:'m| am) (?:here|happy|glad) to (?:help|assist|support) you\b",
        r"\bare you looking for (?:something|anything) (?:in particular|specific)",
        r"\bi(?:'d| would) be (?:happy|glad) to (?:help|assist) you\b",
        r"\blet me (?:check|look)\b[^.!?]{0,60} for you\b",
        r"\bwelcome to (?:our|the)\b",
        r"\bwhat (?:seems to be|is) the (?:problem|trouble|matter) with your\b",
        r"\bwhat brings you (?:here|in|to (?:us|our))\b",
        r"\banything else i can (?:help|assist) (?:you )?with\b",
        r"\bthank you for (?:choosing|contacting|calling|visiting) (?:us|our)\b",
    ),
    Wording.of(
        "kann ich", r"\b(?:wie|womit|wobei) kann ich (?:ihnen|dir|euch) (?:\w+ )?(?:helfen|weiterhelfen|behilflich)"
    ),
    Wording.of("puedo ayudar", r"\b(?:en qué|cómo) puedo ayudar(?:te|le|les|lo|la)\b"),
    Wording.of("puis-je", r"\b(?:comment|en quoi) puis-je (?:vous|t')\s?aider|\bque puis-je faire pour vous"),
    Wording.of(
        "posso", r"\bcome posso aiutar(?:la|ti|vi)\b|\b(?:como|em que) (?:lhe |te )?posso (?:te |lhe )?ajudar\b"
    ),
    Wording.of("kan ik", r"\b(?:waarmee|hoe) kan ik (?:u|je) (?:helpen|van dienst)"),
    Wording.of("помочь", r"\b(?:чем|как) (?:я )?могу (?:я )?(?:вам |тебе )?помочь"),
    Wording.of("帮", r"有什么(?:可以|能)帮(?:您|你|到您)|我(?:可以|能)怎么帮"),
)


def speaker_label(scene: Scene) -> Found | None:
    if not any(":" in said.text or "\uff1a" in said.text for said in scene.said):
        return None
    return scene.first(scene.speakers.label, "prose")


def chat_token(scene: Scene) -> Found | None:
    if not any("<" in said.text or "[" in said.text or "##" in said.text for said in scene.said):
        return None
    return scene.first(_TOKEN, "prose")


def echo(scene: Scene) -> Found | None:
    for asked, answered in zip(scene.by("user"), scene.by("assistant"), strict=True):
        if len(asked.words) >= _FEWEST_WORDS and same(asked.words, answered.words, scene.limits.sameness):
            return Found(answered, answered.text)
    return None


def swapped_roles(scene: Scene) -> Found | None:
    if found := first_wording(scene, _OFFERS, "user"):
        return found
    claims = {"user": scene.speakers.users_claim, "assistant": scene.speakers.assistants_claim}
    for said in scene.said:
        claim = claims[said.role]
        if claim and (match := claim.search(said.own_small)):
            return Found(said, match[0])
    return None


def without_label(text: str, role: Role, speakers: Speakers) -> str:
    """``text`` without its own speaker's label at its beginning.

    >>> from adf_hygiene.speakers import speakers
    >>> without_label("Assistant: Hello!", "assistant", speakers("GUEST", "HOST"))
    'Hello!'
    """
    own = speakers.own_user if role == "user" else speakers.own_assistant
    return own.sub("", text, count=1)


def without_last_token(text: str) -> str:
    """``text`` without the token that ends an answer.

    >>> without_last_token("Until six.<|im_end|>")
    'Until six.'
    """
    shorter = _LAST_TOKEN.sub("", text)
    return text if shorter == text else shorter.rstrip()
