"""What importing the statistics costs."""

import pkgutil
import re
import subprocess
import sys

import audit.stats


def test_the_package_imports_nothing() -> None:
    """`audit.stats` loads none of its modules, and no module loads scipy.stats (0.8 s)."""
    code = (
        "import sys, audit.stats; assert not [m for m in sys.modules if m.startswith('audit.stats.')];"
        "import pkgutil, importlib;"
        "[importlib.import_module(f'audit.stats.{m.name}') for m in pkgutil.iter_modules(audit.stats.__path__)];"
        "assert 'scipy.stats' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_table_of_modules_is_complete() -> None:
    """The package's docstring names each module once, and none that is not there."""
    named = re.findall(r"^\| `(\w+)` \|", audit.stats.__doc__ or "", re.MULTILINE)
    assert sorted(named) == sorted(module.name for module in pkgutil.iter_modules(audit.stats.__path__))
