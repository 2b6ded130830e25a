"""How much of a made code base is found, and how much of what is found is there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from audit.flow.endpoints import known_models
from audit.literals.places import Scan
from audit.literals.run import scan
from tests.literals.corpus import SITES, Site, write_corpus

LEAST = 0.97


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scan, set[Site], set[Site]]:
    """The scan of the corpus, with what is in it."""
    root = tmp_path_factory.mktemp("code")
    hits, traps = write_corpus(root)
    return scan([root], known_models()), hits, traps


def found_sites(scanned: Scan) -> set[Site]:
    """The hits of a scan as places of the corpus; its root is the folder named code."""
    sites = set()
    for hit in scanned.hits:
        parts = Path(hit.file).parts
        language = next(index for index, part in enumerate(parts) if part.startswith("code"))
        sites.add(Site("/".join(parts[language + 1 :]), hit.line, hit.literal))
    return sites


def test_precision_and_recall(made: tuple[Scan, set[Site], set[Site]]) -> None:
    """Of over 200 call sites in eight languages and more, and as many traps, 97 % are told apart on both counts."""
    scanned, hits, traps = made
    found = found_sites(scanned)
    by_language: Counter[str] = Counter(site.file.split("/")[0] for site in found & hits)
    of_language: Counter[str] = Counter(site.file.split("/")[0] for site in hits)
    for language in SITES:
        print(f"  {language:<11} {by_language[language]:>4} of {of_language[language]}")
    precision, recall = len(found & hits) / len(found), len(found & hits) / len(hits)
    print(f"  {len(hits)} sites, {len(traps)} traps: precision {precision:.4f}, recall {recall:.4f}")
    for site in sorted(hits - found):
        print("  missed", site)
    for site in sorted(found - hits):
        print("  wrong ", site)
    assert len(hits) >= 200
    assert len(traps) >= 200
    assert recall >= LEAST
    assert precision >= LEAST


def test_every_language_is_found(made: tuple[Scan, set[Site], set[Site]]) -> None:
    """No language hides behind the others: each is above 90 % by itself."""
    scanned, hits, _ = made
    found = found_sites(scanned)
    for language in SITES:
        here = {site for site in hits if site.file.startswith(f"{language}/")}
        assert len(here & found) / len(here) >= 0.9, language


def test_places_are_where_the_literal_stands(made: tuple[Scan, set[Site], set[Site]]) -> None:
    """The column of a hit is at or just before the literal on its line."""
    scanned, _, _ = made
    for hit in scanned.hits:
        line = Path(hit.file).read_text("utf-8").split("\n")[hit.line - 1]
        assert hit.literal in line[hit.column - 1 :], (hit.file, hit.line, hit.column, line)
