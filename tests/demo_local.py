"""`make demo-local`: exchanges of the demo's log against a real small language model on this machine.

The traffic is the demo's synthetic traffic; the candidate's completions are really generated, by SmolLM2-135M behind
llama.cpp's server, over the same provider that speaks to any OpenAI-compatible endpoint. A model of this size answers
hardly anything right, so the audit is expected to say Keep.
"""

from __future__ import annotations

import sys
from pathlib import Path

from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.core.finding import Findings
from audit.flow import demonstration, sequential
from audit.report.terminal import plain, summary_lines
from tests.real_model import MODEL, real_model

EXCHANGES = 60
ROUTE = "/policy-qa"


def local_config(base_url: str, folder: Path, exchanges: int) -> Path:
    """A configuration with the one route and the one real tier."""
    home = demonstration.demo_files()
    path = folder / "local.yaml"
    path.write_text(
        f"""\
margin: 3pt
seed: 1
ingest: {{route: metadata.requester_metadata.route, tenant: metadata.user_api_key_team_alias}}
references: {{path: {home / "references.jsonl"}, key: prompt_hash, value: reference}}
slice: {{routes: ["{ROUTE}"], max_per_route: {exchanges - 10}, dollars_per_route: 10}}
tiers:
  - {{name: local, model: {MODEL}, provider: openai-compatible, base_url: "{base_url}", concurrency: 4,
     price: {{input: 0.01, output: 0.02}}}}
routes:
  - match: "{ROUTE}"
    candidates: [local]
    assert: [{{type: equals, extract: {{regex: '(?i)answer:? *([A-D])'}}, value: "{{{{reference}}}}"}}]
""",
        "utf-8",
    )
    return path


def local_audit(folder: Path, exchanges: int = EXCHANGES) -> Findings:
    """Serve the model, replay against it, score and report."""
    folder.mkdir(parents=True, exist_ok=True)
    with real_model(context=512) as base_url:
        settings = load_settings(local_config(base_url, folder, exchanges))
        log = demonstration.demo_files() / "log.jsonl.gz"
        return sequential.replay([log], settings, RunFolder(folder / "run"), consent=lambda plan: True)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/demo-local")
    print(plain(summary_lines(local_audit(target))))
    print(f"\nReport  {target / 'run' / 'report.html'}")
