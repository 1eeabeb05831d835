"""The truce table: what is said of a truce, and which act that is; one literal, ordered table."""

import re
from dataclasses import dataclass, field
from typing import Final

#: Words for a truce; in a sentence's words each becomes T.
TRUCE: Final = re.compile(
    r"\b(?:cease-?fires?(?: agreements?| deals?)?|cease-fires?|truces?|armistices?|cessations? of "
    r"hostilities|humanitarian pauses?|pauses? in (?:the )?fighting|cease fire"
    r"|(?:stop|halt) (?:the |all )?(?:fire|fighting|shooting|hostilities)|(?:halt|end|stop) (?:to|"
    r"in|of) (?:the |all )?(?:fighting|hostilities|shooting|shelling|violence)|lay down (?:the |"
    r"their )?(?:weapons|arms)|regime of silence|guns (?:should|would|will|to) (?:be|fall|stay|"
    r"go) silent|hold (?:their|its) fire|pauses?(?! for| before))\b",
)
_G: Final = r"(?:[^ ]+ ){0,8}?"  # a few words
_N: Final = r"(?:[^ ]+ ){0,9}?"  # more words


@dataclass(frozen=True, slots=True)
class TruceRow:
    """A pattern of words about a truce (T), its act, an example and a counter-example, which are its tests."""

    act: str
    id: str
    pattern: str
    example: str
    counter: str
    beside: bool = False  # says another act beside the main one
    own: bool = True  # the actor's word is the act: the actor is its source
    compiled: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", re.compile(rf"(?<![^ ]){self.pattern}(?![^ ])"))


ROWS: Final = (
    TruceRow(
        "not_confirmed",
        "not-confirmed",
        rf"(?:not|n't|neither|nor|declined to|refused to|nobody would|nobody has|no one would) (?:been "
        rf")?(?:yet )?(?:confirm(?:ed)?|comment "
        rf"on) {_G}(?:T|plan|deal|it|offer|extension|proposal)",
        "The army has not confirmed the truce.",
        "The army has confirmed nothing else.",
    ),
    TruceRow(
        "violation_denied",
        "denied-breach",
        rf"(?:denied|denies|denying|rejected|rejects) {_G}(?:violat\w+|breach\w+|break\w+|shell\w+) {_G}T",
        "Baku denied violating the ceasefire.",
        "Baku denied everything.",
    ),
    TruceRow(
        "violation_denied",
        "denied-charge",
        rf"(?:reply to|response to|rejected|rejects|dismissed|dismisses|denied|denies) "
        rf"{_G}(?:accusations|allegations|claims|charges|reports) (?:that|of) {_G}(?:violat\w+|"
        rf"breach\w+|broken?) {_G}T",
        "Baku dismissed claims that it had breached the truce.",
        "Baku dismissed claims that it had praised the truce.",
    ),
    TruceRow(
        "violation_denied",
        "no-shot",
        r"no shots? (?:was|were|had been) fired",
        "The ministry said no shot was fired.",
        "The ministry said shots were fired.",
    ),
    TruceRow(
        "violation_alleged",
        "breach-verb",
        rf"(?:violat(?:es?|ed|ing)|breach(?:es|ed|ing)?|br(?:oke|eaking)) (?:the |this |that "
        rf")(?:agreement|deal)|(?:violat(?:es?|ed|ing)|breach(?:es|ed|ing)?|br(?:eaks?|oke|oken|"
        rf"eaking)|ignor(?:ed|ing)) (?:of )?{_G}T",
        "Baku said Armenia violated the ceasefire.",
        "Baku said Armenia welcomed the tourists.",
    ),
    TruceRow(
        "violation_alleged",
        "was-breached",
        r"T (?:agreement )?(?:, [^,]+ , )?(?:was |has been |had been |is being )(?:repeatedly |again "
        r")?(?:violated|breached|broken)",
        "The ministry said the ceasefire was breached.",
        "The ministry said the ceasefire was welcome.",
    ),
    TruceRow(
        "violation_alleged",
        "breaches",
        rf"(?:violations?|breaches) (?:of |in )?{_G}T|T (?:violations?|breaches)(?! monitor)|"
        rf"(?:counted|recorded|registered|reported) (?:[^ ]+ ){{0,5}}(?:breach|violation)(?:es|s)?|accused? "
        rf"each other of violations",
        "Two ceasefire violations were reported.",
        "Two ceasefire monitors were reported.",
    ),
    TruceRow(
        "rejected",
        "rejected",
        rf"(?:reject(?:s|ed|ing)?|turn(?:s|ed|ing)? down|rul(?:es|ed|ing) out|refus(?:es|ed|ing)|"
        rf"spurn(?:s|ed)|dismiss(?:es|ed)) {_G}(?:T|truce offer)|turned the (?:offer|proposal|plan) "
        rf"down|nothing to talk about|(?:reject(?:s|ed)|refuses|refused) (?:the |any )(?:offer|plan|"
        rf"proposal)(?= {_G}T)?",
        "Hamas rejected the ceasefire.",
        "Hamas read the ceasefire.",
    ),
    TruceRow(
        "proposed",
        "proposed",
        rf"(?:propos(?:es?|ed|ing)|offer(?:s|ed|ing)?|suggest(?:s|ed|ing)|put(?:s|ting)? forward|"
        rf"float(?:s|ed)) (?!was|is){_N}(?:T|stretching it|prolonging it|extending it)|(?:ready|"
        rf"prepared|willing) (?:to|for) (?:observe |accept |declare )?{_G}T",
        "Egypt proposed a truce.",
        "Egypt saw a truce.",
    ),
    TruceRow(
        "proposed",
        "proposed-by",
        rf"T {_G}(?:put forward|proposed|suggested|drafted|tabled) by",
        "They studied a truce put forward by Egypt.",
        "They studied a truce put off by Egypt.",
        beside=True,
    ),
    TruceRow(
        "called_for",
        "called-for",
        rf"(?:call(?:s|ed|ing)?|appeal(?:s|ed|ing)?|plea(?:d|ds|ded)|press(?:es|ed)) (?:[^ ]+ "
        rf"){{0,3}}?(?:for|upon|on) {_N}T|(?:urg(?:es?|ed|ing)|demand(?:s|ed|ing)?) {_N}T|T {_G}for "
        rf"which [^,]*called",
        "The UN called for an immediate ceasefire.",
        "The UN watched an immediate ceasefire.",
    ),
    TruceRow(
        "postponed",
        "postponed",
        rf"T {_G}(?:was |has been |had been |is )?(?:postponed|delayed|put off|pushed back)",
        "The truce was postponed.",
        "The truce was popular.",
    ),
    TruceRow(
        "extended",
        "extended",
        rf"(?:extend(?:s|ed|ing)?|prolong(?:s|ed|ing)?|renew(?:s|ed)|lengthen(?:s|ed)) {_G}T|T (?:[^ ]+ "
        rf"){{0,8}}?(?:was |has been |had been |is |been )(?:extended|prolonged|renewed)|T (?:extended|"
        rf"prolonged)",
        "Qatar said the truce was extended.",
        "Qatar said the truce was short.",
    ),
    TruceRow(
        "resumed",
        "resumed",
        rf"(?<!fighting )(?<!shelling )(?<!clashes )(?<!hostilities )(?:resum(?:es|ed|ing|ption) (?:of "
        rf")?|reinstat(?:es|ed|ing) |restor(?:es|ed|ing) ){_G}T|T (?:[^ ]+ ){{0,3}}?(?:back in force|"
        rf"back in effect|came back into (?:force|effect)|went back into (?:force|effect)|back on|"
        rf"resumed|restored|reinstated|in force again)|announced the resumption",
        "Israel said the truce is back in force.",
        "Israel said the truce is in its sixth week.",
    ),
    TruceRow(
        "suspended",
        "suspended",
        r"(?:suspend(?:s|ed|ing)|freez(?:es|ing)|froze|frozen) (?:[^ ]+ ){0,4}?(?:T|it in the)|T "
        r"(?:was |has been |had been )?suspended",
        "The army suspended the ceasefire.",
        "The army studied the ceasefire.",
    ),
    TruceRow(
        "collapsed",
        "collapsed",
        rf"T (?:[^ ]+ ){{0,8}}?(?:has |had |was )?(?:in tatters|in shreds|in ruins|collapsed|collapses|"
        rf"broke down|broken down|fell apart|fallen apart|unravel(?:s|led)|breaks down|crumbled|is "
        rf"dead|is over)|collapse of {_G}T|breakdown of {_G}T",
        "The truce has collapsed.",
        "The truce has friends.",
    ),
    TruceRow(
        "ended",
        "ended",
        rf"no longer (?:[^ ]+ ){{0,4}}?bound by {_G}T|not bound by {_G}T|T (?:[^ ]+ "
        rf"){{0,6}}?(?:expired|(?<!which )(?<!that )expires|lapsed|lapses|ran out|runs out|officially "
        rf"ended|ended (?:at|on|in|after|without|early)|has ended|had ended|came to an end|as ended|at "
        rf"an end)|(?:end(?:s|ed)|scrap(?:s|ped)|abandon(?:s|ed)|quit|withdrew from|call(?:s|ed) off|"
        rf"terminat(?:es|ed)) (?:the |its |their |a )(?:[^ ]+ ){{0,2}}?T|calls the T off|called the T "
        rf"off",
        "The ceasefire lapsed on Sunday.",
        "The ceasefire grew on Sunday.",
    ),
    TruceRow(
        "took_effect",
        "took-effect",
        r"(?:fire|fighting|shooting|shelling) (?:was |has been |had been )?stopped|guns (?:fell|fall|"
        r"have fallen) silent|T (?:[^ ]+ ){0,14}?(?:took effect|takes effect|taken effect|taking "
        r"effect|coming into (?:force|effect)|came into (?:effect|force)|comes into (?:effect|force)|"
        r"come into (?:effect|force)|entered into force|enters into force|went into effect|goes into "
        r"effect|in force since|began|begins|started|starts|kicked off|got under way)",
        "The ceasefire took effect on Sunday.",
        "The ceasefire took work on Sunday.",
        own=False,
    ),
    TruceRow(
        "holding",
        "holding",
        rf"T (?:[^ ]+ ){{0,9}}?(?:holding|holds|held|(?:is|was|being) (?:on the whole |largely |"
        rf"broadly |mostly |generally )?(?:maintained|observed|respected|upheld)|still be in effect|"
        rf"still in effect|remains in (?:force|effect|place)|in place)|(?:adher(?:ed|es|ing) to|"
        rf"respect(?:ed|s|ing)|observ(?:ed|es|ing)|abid(?:ed|es|ing) by) {_G}T|night was (?:calm|"
        rf"quiet)|no (?:shells?|rockets?) (?:have|has|had) fallen|(?:been|were) no shots|T (?:[^ ]+ "
        rf"){{0,8}}?is (?:being )?kept|no significant incidents?|quiet "
        rf"night|night (?:passed|went by) (?:calmly|quietly)|no (?:ceasefire |truce )?violations "
        rf"(?:were )?(?:recorded|registered|reported)",
        "The ministry said the ceasefire is holding.",
        "The ministry said the ceasefire is new.",
    ),
    TruceRow(
        "announced",
        "announced",
        rf"(?:announc(?:es|ed|ing|ement of)|declar(?:es|ed|ing|ation of)|proclaim(?:s|ed|ing)|"
        rf"unveil(?:s|ed)) (?!that){_N}T|T (?:[^ ]+ ){{0,12}}?(?:was |has been |had been )(?:declared|"
        rf"announced|proclaimed)|T declared by|T (?:[^ ]+ ){{0,6}}?(?:will|is to|would|due to) (?:be "
        rf"in|run|last|apply|begin|start|take effect|come into|enter|go into)|announced the pause|"
        rf"(?:is|are) to be quiet from|T that [^ ]+ (?:announced|declared)|all hostilities would stop|"
        rf"T to (?:begin|start|take effect)|deal that [^ ]+ announced",
        "Russia announced a ceasefire.",
        "Russia photographed a ceasefire.",
    ),
    TruceRow(
        "agreed",
        "accepted",
        rf"(?:accept(?:s|ed)|agree(?:s|d) to|sign(?:s|ed) up to|back(?:s|ed)|approv(?:es|ed)) (?:the |"
        rf"a |this )?{_G}(?:plan|proposal|offer|deal|terms|initiative)",
        "A truce was on the table. Hamas accepted the plan.",
        "A truce was on the table. Hamas read the plan.",
    ),
    TruceRow(
        "agreed",
        "agreed",
        rf"(?:agree(?:s|d|ing)?|accept(?:s|ed|ing)?|reach(?:es|ed|ing)?|sign(?:s|ed|ing)|struck|"
        rf"conclud(?:es|ed)|clinch(?:es|ed)|approv(?:es|ed)|broker(?:ed|s)|welcom(?:ed|es) and "
        rf"accepted) (?:on |to |in |that )?(?!was|is){_G}(?:T|truce plan)|T (?:[^ ]+ ){{0,5}}?(?:was |"
        rf"has been |had been |were )?(?:reached|agreed|signed|brokered|concluded|struck|accepted|"
        rf"hammered out)|agreement on {_G}T",
        "Both sides agreed to a ceasefire.",
        "Both sides awaited a ceasefire.",
        own=False,
    ),
)
