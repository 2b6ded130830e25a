"""The run that is kept as a file: two routes of the demo, from log to report. `python -m tests.golden.run FOLDER`."""

import sys
from pathlib import Path

from audit.cli.lean import collect_rarely
from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.flow import demonstration, sequential


def golden_run(folder: RunFolder) -> RunFolder:
    """Make it in this folder."""
    home = demonstration.demo_files()
    settings = load_settings(home / "audit.yaml", overrides={"slice.routes": ["/policy-qa", "/order-quote"]})
    sequential.replay([home / "log.jsonl.gz"], settings, folder, consent=lambda plan: True, demo=True)
    return folder


if __name__ == "__main__":
    collect_rarely()  # as the command does
    golden_run(RunFolder(Path(sys.argv[1])))
