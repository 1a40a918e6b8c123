"""Every installed connector meets the rules that its level stands for: one suite over all of them."""

import pytest

from vaiven_api.kit.kit import Asked, certify
from vaiven_api.kit.rules import RULES
from vaiven_api.kit.subject import Subject
from vaiven_registry import Registry

REGISTRY = Registry()
SLUGS = [entry.slug for entry in REGISTRY.list() if entry.built_in]
# What a run proves here and now; the others rest on people, on tests elsewhere or on files that come with time.
DYNAMIC = tuple(
    rule.id for rule in RULES
    if rule.id not in {"coverage", "contract", "recorded", "live", "memory", "no-escapes", "singer", "types"}
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("slug", SLUGS)
def test_a_built_in_connector_conforms(slug):
    certificate = certify(Subject.of(slug, REGISTRY), Asked(only=DYNAMIC))
    missed = {verdict.rule: verdict.notes for verdict in certificate.verdicts if not verdict.holds}
    assert missed == {}
    assert len(certificate.verdicts) == len(DYNAMIC)
