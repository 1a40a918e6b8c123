"""Every built-in connector is what is published of it: one suite over all of them."""

import pytest

from vaiven_api.kit.kit import Asked, certify
from vaiven_api.kit.rules import RULES
from vaiven_api.kit.subject import Subject
from vaiven_api.kit.verdicts import rank, rung
from vaiven_registry import Registry
from vaiven_registry.quality import published

REGISTRY = Registry()
SLUGS = [entry.slug for entry in REGISTRY.list() if entry.built_in]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("slug", SLUGS)
def test_no_level_and_no_rung_is_above_what_is_measured_now(slug):
    said = published(REGISTRY.folder(slug))
    assert rank(said.level) >= rank("bronze")
    rules = tuple(rule.id for rule in RULES if rank(rule.level) <= rank(said.level) or rule.id == "contract")
    certificate = certify(Subject.of(slug, REGISTRY), Asked(only=rules))
    missed = {verdict.rule: verdict.notes for verdict in certificate.verdicts if not verdict.holds}
    assert set(missed) <= {"contract"}, missed
    assert rank(said.level) <= rank(certificate.level)
    assert rung(said.evidence) <= rung(certificate.evidence), "the code has changed: --evidence --write"


def test_the_index_says_what_is_published():
    for entry in REGISTRY.list():
        if entry.built_in:
            assert entry.manifest.quality == published(REGISTRY.folder(entry.slug)), "out of date: make generate"
