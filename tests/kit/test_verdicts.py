"""Levels follow from verdicts, and nothing else."""

import pytest

from vaiven_api.kit.kit import CHECKS, Asked, certify
from vaiven_api.kit.rules import BY_ID, RULES
from vaiven_api.kit.verdicts import Certificate, Result, Verdict
from vaiven_registry.quality import LEVELS, digest, published


def certificate(*missed, exempt=()):
    verdicts = [
        Verdict(r.id, Result.MISSED if r.id in missed else Result.EXEMPT if r.id in exempt else Result.PASSED)
        for r in RULES
    ]
    return Certificate(slug="x", version="1.0.0", verdicts=verdicts, evidence="documented", guarantees={}, badges={})


def test_all_rules_held_is_platinum():
    assert certificate().level == "platinum"
    assert certificate().next_level == ""
    assert certificate().missing == []


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_one_missed_rule_keeps_its_level_and_those_above(rule):
    one = certificate(rule)
    assert one.level == ["", *LEVELS][LEVELS.index(BY_ID[rule].level)]
    assert [missing.id for missing in one.missing] == [rule]


def test_an_exemption_holds():
    assert certificate(exempt=("webhooks",)).level == "platinum"


def test_a_rule_that_was_not_looked_at_does_not_hold():
    partly = Certificate(slug="x", version="1.0.0", verdicts=[], evidence="documented", guarantees={}, badges={})
    assert partly.level == ""


def test_only_some_rules_can_be_let_off():
    kept = {rule.id for rule in RULES if not rule.may_exempt}
    assert {"no-secrets", "resume", "outcomes", "faults", "reads", "connection-test", "lost-answers"} <= kept


def test_every_rule_has_its_check(copy_of, look):
    look(copy_of(), "manifest")
    assert set(CHECKS) == set(BY_ID)


def test_an_exemption_needs_a_reason_and_a_rule_that_allows_it(copy_of):
    subject = copy_of()
    (subject.folder / "quality.toml").write_text('[exempt]\n"custom-fields" = "Acme has none."\nlogo = "no time"\n')
    verdicts = {v.rule: v for v in certify(subject, Asked(only=("custom-fields", "logo"))).verdicts}
    assert verdicts["custom-fields"].result is Result.EXEMPT
    assert verdicts["custom-fields"].notes == ("Acme has none.",)
    assert verdicts["logo"].result is Result.MISSED


def test_evidence_counts_for_the_code_that_it_was_found_for(copy_of):
    subject = copy_of()
    proof = '{{"proofs": {{"spec-checked": {{"digest": "{}"}}}}, "coverage": 95.0, "digest": "{}"}}'
    (subject.folder / "quality.json").write_text(proof.format(subject.digest, subject.digest))
    now = certify(subject, Asked(only=("contract", "coverage")))
    assert (now.evidence, now.coverage) == ("spec-checked", 95.0)
    with (subject.folder / "connector.py").open("a") as code:
        code.write("# changed\n")
    later = subject
    for cached in ("digest", "measured"):
        vars(later).pop(cached, None)
    later.notes.clear()
    now = certify(later, Asked(only=("contract", "coverage")))
    assert (now.evidence, now.coverage) == ("documented", None)


def test_badges_come_from_both_files(tmp_path):
    (tmp_path / "quality.toml").write_text('owner = "Ada"\nsupport = "partner"\nlifecycle = "stable"\n')
    (tmp_path / "quality.json").write_text('{"level": "silver", "evidence": "client-verified", "missing": ["erase"]}')
    said = published(tmp_path)
    assert (said.level, said.evidence, said.owner, said.support) == ("silver", "client-verified", "Ada", "partner")
    assert said.missing == ("erase",)
    (tmp_path / "quality.json").write_text("{")
    assert published(tmp_path).level == ""
    assert published(None).lifecycle == "preview"
    assert digest(tmp_path) == digest(tmp_path)
