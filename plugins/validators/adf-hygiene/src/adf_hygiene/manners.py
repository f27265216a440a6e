"""Refusals, and the assistant that speaks of itself as a program or of its task.

The lists are short on purpose: what a person in some trade may say as well ("I'm sorry, but I can't give you a price
yet", "I can't sleep") must pass, so a refusal needs both halves, not being able to and the words of a request.
"""

from __future__ import annotations

from adf_hygiene.scene import Found, Scene
from adf_hygiene.wording import Wording, first_wording

_AI = (
    r"(?:ai(?: (?:language )?model| assistant| chatbot| system)?|a\.i\."
    r"|artificial intelligence|(?:large )?language model|(?:virtual|digital) assistant|chatbot"
    r"|computer program|machine learning model)"
)
_NO_TRADE = (
    r"\b(?![- ](?:researcher|engineer|student|developer|expert|scientist|enthusiast|consultant|start-?up|company|team"
    r"|specialist|ethicist|sceptic|skeptic|professor|artist|fan|lawyer|manager|product|safety|policy))"
)
_BOILERPLATE = (
    Wording.of(
        "ai|a.i.|artificial|language model|assistant|chatbot|computer program|learning model",
        rf"\bas an? {_AI}{_NO_TRADE}",
        rf"\b(?:i am|i'm|being) (?:just |only |merely |simply )?an? {_AI}{_NO_TRADE}",
    ),
    Wording.of(
        "personal",
        r"\bi (?:don't|do not) (?:have|possess) (?:any )?personal (?:experience|opinion|belief|prefer|feel)\w*",
    ),
    Wording.of(
        "feelings|emotions|experiences",
        r"\bi (?:don't|do not|can't|cannot) (?:have|feel|experience) (?:any )?(?:feelings|emotions|experiences) "
        r"(?:like|as|the way|in the way) (?:a |other )?(?:human|person|people|you do)",
    ),
    Wording.of("designed|programmed", r"\bi(?:'m| am| was|'ve been| have been) (?:designed|programmed) to\b"),
    Wording.of(
        "my ",
        r"\bmy (?:information|knowledge|data|training) (?:only )?"
        r"(?:goes (?:up )?to|extends to|ends in|stops in|was last updated)\b",
        r"\bmy (?:knowledge cut-?off|training (?:data|cut-?off))\b",
        r"\b(?:as of|until|since) my (?:last|latest|most recent) "
        r"(?:knowledge |training )*(?:update|training|cut-?off)\b",
    ),
    Wording.of(
        " by ",
        r"\b(?:trained|created|developed|built|made) by (?:openai|anthropic|google|meta ai|mistral ai|deepmind)\b",
    ),
    Wording.of(
        "conversation|continuation|json",
        r"\b(?:here(?:'s| is)|below is|the following is|this is) (?:a|an|the|your|another) (?:\w+ ){0,2}"
        r"(?:conversation|continuation of (?:the|this|your) (?:conversation|dialogue)|json)\b",
    ),
    Wording.of(
        "ki|sprachmodell|künstliche|computerprogramm",
        r"\b(?:als|bin (?:nur |lediglich |bloß )?) ?(?:eine? )?"
        r"(?:computerprogramm|ki\b|ki-|künstliche intelligenz|(?:großes )?sprachmodell)",
    ),
    Wording.of(
        "modelo de|inteligencia art|inteligência art| ia",
        r"\b(?:como|soy|sou) (?:solo |sólo |apenas )?(?:una? |uma? )?"
        r"(?:ia\b|intelig[eê]ncia artificial|modelo de (?:lenguaje|linguagem))",
    ),
    Wording.of(
        "intelligence art|modèle de| ia|'ia",
        r"\b(?:en tant qu(?:e |')|je (?:ne )?suis (?:juste |seulement |qu')?)(?:une? )?"
        r"(?:ia\b|intelligence artificielle|modèle de langage)",
    ),
    Wording.of(
        "intelligenza art|modello ling| ia",
        r"\b(?:in quanto|come|sono (?:solo )?) ?(?:un |una |un')?"
        r"(?:ia\b|intelligenza artificiale|modello linguistico)",
    ),
    Wording.of("taalmodel|kunstmatige", r"\bals (?:een )?(?:ai-)?(?:taalmodel|kunstmatige intelligentie)"),
    Wording.of(
        "языковая|искусственный",
        r"\bкак (?:языковая модель|искусственный интеллект)",
        r"\bя (?:всего лишь |просто )?(?:языковая модель|искусственный интеллект)",
    ),
    Wording.of("językowy|sztuczna", r"\bjako (?:model językowy|sztuczna inteligencja)"),
    Wording.of("yapay zek", r"\bbir yapay zek[aâ] (?:dil )?(?:modeli )?(?:asistanı )?olarak"),
    Wording.of("作为|我是", r"(?:作为|我(?:只)?是)(?:一个|一名|一款)?(?:大型|ai|人工智能|语言模型)"),
    Wording.of("として|なので|ですので", r"(?:ai|人工知能|言語モデル|アシスタント)(?:として|なので|ですので)"),
    Wording.of("로서|이기 때문", r"(?:ai|인공지능|언어 모델)(?: 언어 모델)?(?:로서|이기 때문)"),
)

_NOT_ABLE = (
    r"(?:can't|cannot|can not|couldn't|won't(?: be able to)?|will not(?: be able to)?"
    r"|(?:am|'m) (?:unable|not able|not allowed) to|(?:must|have to) (?:respectfully )?(?:decline|refuse) to)"
)
_SORRY = r"(?:sorry|afraid|apologi[sz]e|regret|unfortunately|regrettably)"
_CONTENT = (
    r"(?:(?:any|you|with|help|a|an|the|this|that|such|specific|detailed|more|kind of|type of) )*"
    r"(?:information|content|assistance|help|guidance|instructions|(?:\w+(?:al|ary|ric) )advice)\b"
)
_REFUSALS = (
    Wording.of(
        "can't|cannot|can not|couldn't|won't|will not|unable|not able|not allowed|decline|refuse",
        rf"\bi ?(?:{_NOT_ABLE}) (?:to )?assist(?:[.,!]| you\b| with| in\b)",
        rf"\bi ?(?:{_NOT_ABLE}) (?:to )?(?:fulfil|fulfill|comply with|complete|process|accommodate|satisfy|honou?r) "
        r"(?:this|that|your|such|the)\b(?: request)?(?!\w)",
        rf"{_SORRY},? (?:but )?(?:that )?i ?(?:{_NOT_ABLE}) (?:to )?help (?:you )?with (?:this|that|it)\b",
        r"\bi ?(?:must|have to) (?:respectfully )?(?:decline|refuse)(?: to (?:help|assist|answer|provide|write|create)"
        r"| (?:this|that|your) request)",
        rf"\bi ?(?:{_NOT_ABLE}) (?:to )?"
        rf"(?:provide|offer|give|share|generate|create|produce|write|engage in) {_CONTENT}",
        rf"\bi ?(?:{_NOT_ABLE}) (?:to )?(?:write|create|generate|produce|engage in|participate in) "
        r"(?:this|that|such|it)\b(?! until| before| without| yet| alone)",
        rf"\bi ?(?:{_NOT_ABLE}) (?:to )?(?:condone|endorse|promote) ",
    ),
    Wording.of(
        "guidelines|programming|content polic|usage polic",
        r"\b(?:against|violat\w+|outside|per|due to) (?:my|the|our) (?:\w+ )?"
        r"(?:guidelines|programming|content polic\w+|usage polic\w+)",
    ),
    Wording.of("comfortable", r"\bi (?:don't|do not|wouldn't|would not) feel comfortable \w+ing\b"),
    Wording.of(
        "not discuss|not talk|not answer",
        r"\bi(?:'d| would) (?:rather|prefer to|prefer) not (?:to )?(?:discuss|talk about|answer)\b",
    ),
    Wording.of(
        "not something",
        r"\bnot something (?:that )?i (?:can|could|am able to|'m able to|am comfortable|'m comfortable) ?"
        r"(?:help|assist|do\b|discuss|talk|provid|engag|answer)",
    ),
    Wording.of(
        "facilitat|promot|encourag|enabl|caus|be used",
        rf"\bi ?(?:{_NOT_ABLE}) [^.!?]{{1,60}}\b(?:might|could|may|would) (?:facilitate|promote|encourage|enable|cause"
        r"|be used (?:for|to)|lead to) \w+",
    ),
    Wording.of(
        "keine",
        r"\bkann ich (?:ihnen |dir |euch )?(?:leider )?keine "
        r"(?:auskunft|auskünfte|informationen?|angaben|hilfe|hinweise"
        r"|ratschläge|tipps) (?:geben|machen|anbieten)",
    ),
    Wording.of(
        "nicht",
        r"(?:tut mir leid|leider|bedau[re]\w*|entschuldig\w*)[^.!?]{0,40}"
        r"(?:kann ich|ich kann)[^.!?]{0,40}nicht "
        r"(?:weiter)?(?:helfen|behilflich|unterstützen|beantworten|erfüllen|bearbeiten)",
    ),
    Wording.of(
        "no puedo",
        r"(?:lo siento|disculp\w+|lamento|lamentablemente)[^.!?]{0,25}no puedo "
        r"(?:ayudar(?:te|le|les)? con (?:es[aeo]|est[aeo])|proporcionar|cumplir|responder a es|atender)",
    ),
    Wording.of(
        "je ne peux pas|je ne puis",
        r"(?:désolée?|regrette|excuse\w*|malheureusement)[^.!?]{0,25}je ne (?:peux|puis)(?: pas)? (?:vous |t'|te )?"
        r"(?:aider (?:avec|sur|à) ce|répondre à ce|fournir|satisfaire|accéder à|traiter|donner suite)",
    ),
    Wording.of(
        "non posso",
        r"(?:mi dispiace|spiacente|purtroppo)[^.!?]{0,25}non posso "
        r"(?:aiutar\w+ (?:con|in) quest|fornire|rispondere a quest|soddisfare)",
    ),
    Wording.of(
        "não posso",
        r"(?:desculp\w+|sinto muito|lamento|infelizmente)[^.!?]{0,25}não posso "
        r"(?:ajud\S+ com (?:iss|ess|est)|fornecer|responder a (?:ess|est)|atender)",
    ),
    Wording.of(
        "niet helpen",
        r"(?:sorry|spijt|helaas)[^.!?]{0,40}(?:daar|hier)(?:bij|mee)?[^.!?]{0,25}niet (?:bij |mee )?helpen",
    ),
    Wording.of(
        "не могу|не смогу",
        r"(?:извин\w+|сожалени\w+|жаль|простите)[^.!?]{0,25}не (?:могу|смогу) "
        r"(?:(?:вам )?помочь с эт|предоставить|выполнить|ответить на эт)",
    ),
    Wording.of(
        "我",
        r"(?:抱歉|对不起|很遗憾)[,\uff0c。]?(?:但是?)?(?:我)?(?:无法|不能|没法)(?:为您|为你|向您)?(?:提供|帮|回答|满足|协助|完成)",
    ),
    Wording.of(
        "ません",
        r"(?:申し訳|すみません|恐れ入り)[^。]{0,25}(?:お答え|お手伝い|提供|対応)[^。]{0,8}(?:できません|できかねます)",
    ),
    Wording.of("수 없", r"(?:죄송|미안)[^.]{0,25}(?:도와드릴|도와 드릴|제공할|답변할|도움을 드릴) 수 없"),
)


def boilerplate(scene: Scene) -> Found | None:
    return first_wording(scene, _BOILERPLATE)


def refusal(scene: Scene) -> Found | None:
    return first_wording(scene, _REFUSALS, "assistant")
