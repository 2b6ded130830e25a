"""The types of a criterion. Reading the list is reading the feature list."""

from audit.core.catalog import Catalog
from audit.scoring.scorer import Scorer

SCORERS: Catalog[Scorer] = Catalog(
    kind="assertion type",
    group="audit.scorers",
    package=__name__,
    constant="SCORER",
    names=(
        "bleu",
        "contains",
        "contains-all",
        "contains-any",
        "contains-json",
        "cost",
        "equals",
        "factuality",
        "finish-reason",
        "fuzzy",
        "g-eval",
        "icontains",
        "icontains-all",
        "icontains-any",
        "is-html",
        "is-json",
        "is-refusal",
        "is-valid-openai-tools-call",
        "is-xml",
        "json-fields",
        "judge-pairwise",
        "latency",
        "levenshtein",
        "llm-rubric",
        "max-tokens",
        "model-graded-closedqa",
        "numeric",
        "one-of",
        "python",
        "regex",
        "rouge-n",
        "similar",
        "starts-with",
        "tool-call",
        "tool-call-f1",
        "word-count",
    ),
    expects=Scorer,
)

_JUDGED = "write what it asks for as the rubric of `llm-rubric`"
_SQL = "it needs an SQL parser, and this version has none"
_TRACE = "it reads traces, and a log of calls has none"
_CODE = "it runs JavaScript; write the check as `python`"

NOT_SUPPORTED = {
    "answer-relevance": _JUDGED,
    "classifier": "it asks a hosted classifier, and this version asks none",
    "contains-html": "write it as `contains` or `regex`",
    "contains-sql": _SQL,
    "contains-xml": "write it as `is-xml` with `extract`",
    "context-faithfulness": _JUDGED,
    "context-recall": _JUDGED,
    "context-relevance": _JUDGED,
    "is-sql": _SQL,
    "is-valid-function-call": "write it as `is-valid-openai-tools-call`",
    "is-valid-openai-function-call": "write it as `is-valid-openai-tools-call`",
    "javascript": _CODE,
    "meteor": "write it as `rouge-n` or `bleu`",
    "moderation": "it asks a moderation service, and this version asks none",
    "perplexity": "it needs the log-probabilities of the tokens, which logs rarely hold",
    "perplexity-score": "it needs the log-probabilities of the tokens, which logs rarely hold",
    "pi": _JUDGED,
    "select-best": _JUDGED,
    "trace-error-spans": _TRACE,
    "trace-span-count": _TRACE,
    "trace-span-duration": _TRACE,
    "webhook": "it asks a web service while scoring",
}
"""Types that people write and this version cannot measure, with why. A route that uses one is not audited."""

ALIASES = {
    "similar:cosine": ("similar", {"distance": "cosine"}),
    "similar:dot": ("similar", {"distance": "dot"}),
    "similar:euclidean": ("similar", {"distance": "euclidean"}),
}
"""Other names that promptfoo has for a type with options."""
