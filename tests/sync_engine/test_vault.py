"""A sealed credential opens with its key, for its connection, unaltered, and in no other case."""

import base64
import copy
import json
import logging
import pickle
import stat
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaiven_sdk.errors import OperatorError
from vaiven_sync_engine.errors import KeyMissing
from vaiven_sync_engine.vault import CredentialDamaged, KeyExposed, Redacted, Vault

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
CANARY = "canary-5e1f"

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
credentials = st.dictionaries(names, st.text(st.characters(exclude_categories=["Cs"]), max_size=200), max_size=4)


def text(key):
    return base64.b64encode(key).decode()


@given(names, names, credentials)
def test_what_was_sealed_opens(tenant, connection, credential):
    vault = Vault([KEY])
    assert dict(vault.open(tenant, connection, vault.seal(tenant, connection, credential))) == credential


@given(st.data())
def test_a_flipped_bit_is_found(data):
    vault = Vault([KEY])
    envelope = bytearray(vault.seal("t", "c", {"token": CANARY}))
    bit = data.draw(st.integers(0, len(envelope) * 8 - 1))
    envelope[bit // 8] ^= 1 << bit % 8
    with pytest.raises((KeyMissing, CredentialDamaged)):
        vault.open("t", "c", bytes(envelope))


@given(st.integers(0, 60))
def test_a_cut_envelope_is_found(length):
    vault = Vault([KEY])
    envelope = vault.seal("t", "c", {"token": CANARY})
    with pytest.raises(OperatorError):
        vault.open("t", "c", envelope[: min(length, len(envelope) - 1)])


@given(st.tuples(names, names), st.tuples(names, names))
def test_a_row_pasted_elsewhere_does_not_open(here, there):
    vault = Vault([KEY])
    envelope = vault.seal(*here, {"token": CANARY})
    if here == there:
        assert vault.open(*there, envelope)["token"] == CANARY
    else:
        with pytest.raises(CredentialDamaged):
            vault.open(*there, envelope)


@pytest.mark.parametrize(("here", "there"), [(("ab", "c"), ("a", "bc")), (("a|b", "c"), ("a", "b|c"))])
def test_names_that_run_together_are_two_places(here, there):
    vault = Vault([KEY])
    with pytest.raises(CredentialDamaged):
        vault.open(*there, vault.seal(*here, {"token": CANARY}))


def test_another_key_is_missed_by_its_id():
    envelope = Vault([KEY]).seal("t", "c", {"token": CANARY})
    with pytest.raises(KeyMissing) as caught:
        Vault([OTHER]).open("t", "c", envelope)
    assert envelope[1:9].hex() in caught.value.why
    assert text(KEY) not in str(caught.value)


def test_equal_credentials_look_different():
    vault = Vault([KEY])
    assert len({vault.seal("t", "c", {"token": CANARY}) for _ in range(100)}) == 100
    assert CANARY.encode() not in vault.seal("t", "c", {"token": CANARY})


def test_a_key_is_replaced_without_a_gap():
    old = Vault([KEY])
    envelope = old.seal("t", "c", {"token": CANARY})
    both = Vault([OTHER, KEY])
    assert both.stale(envelope)
    assert not old.stale(envelope)
    fresh = both.seal("t", "c", both.open("t", "c", envelope))
    assert not both.stale(fresh)
    assert Vault([OTHER]).open("t", "c", fresh)["token"] == CANARY


def test_the_key_comes_from_the_environment_first(tmp_path):
    store = tmp_path / "vaiven.db"
    envelope = Vault.at(store, {"VAIVEN_KEY": f"{text(OTHER)}, {text(KEY)}"}).seal("t", "c", {"token": CANARY})
    assert not list(tmp_path.iterdir())
    assert Vault([OTHER]).open("t", "c", envelope)["token"] == CANARY
    urlsafe = base64.urlsafe_b64encode(b"\xff" * 32).decode()
    assert Vault.at(store, {"VAIVEN_KEY": urlsafe}).seal("t", "c", {})


@pytest.mark.parametrize("given_key", ["short", text(b"x" * 31), text(b"x" * 33), "ü" * 44, f"{text(KEY)},"])
def test_a_bad_variable_is_named(tmp_path, given_key):
    with pytest.raises(KeyMissing, match="VAIVEN_KEY") as caught:
        Vault.at(tmp_path / "vaiven.db", {"VAIVEN_KEY": given_key})
    assert given_key not in str(caught.value)


def test_a_key_of_the_wrong_length_is_refused():
    with pytest.raises(KeyMissing, match="32 bytes"):
        Vault([b"x" * 16])


def test_the_key_file_is_made_on_first_use_for_its_owner_alone(tmp_path):
    store = tmp_path / "vaiven.db"
    vault = Vault.at(store, {})
    assert not list(tmp_path.iterdir())
    envelope = vault.seal("t", "c", {"token": CANARY})
    (path,) = tmp_path.iterdir()
    assert path.name == "vaiven.db.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Vault.at(store, {}).open("t", "c", envelope)["token"] == CANARY


def test_processes_that_start_together_use_one_key(tmp_path):
    store = tmp_path / "vaiven.db"
    vaults = [Vault.at(store, {}) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        envelopes = list(pool.map(lambda vault: vault.seal("t", "c", {"token": CANARY}), vaults))
    assert {envelope[1:9] for envelope in envelopes} == {envelopes[0][1:9]}
    assert [path.name for path in tmp_path.iterdir()] == ["vaiven.db.key"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_key_that_others_can_read_is_refused(tmp_path, mode):
    store, path = tmp_path / "vaiven.db", tmp_path / "vaiven.db.key"
    path.write_text(text(KEY))
    path.chmod(mode)
    with pytest.raises(KeyExposed) as caught:
        Vault.at(store, {})
    assert "chmod 600" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"\n", b"not a key", bytes(range(256))])
def test_a_damaged_key_file_is_named(tmp_path, content):
    path = tmp_path / "vaiven.db.key"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(KeyMissing, match=r"key file|holds no key"):
        Vault.at(tmp_path / "vaiven.db", {})


def test_a_lost_key_file_is_missed_and_not_made_anew_by_reading(tmp_path):
    store = tmp_path / "vaiven.db"
    envelope = Vault.at(store, {}).seal("t", "c", {"token": CANARY})
    (tmp_path / "vaiven.db.key").unlink()
    with pytest.raises(KeyMissing, match="no key file") as caught:
        Vault.at(store, {}).open("t", "c", envelope)
    assert "connect the accounts again" in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_without_a_place_for_a_key_it_says_so(tmp_path):
    with pytest.raises(KeyMissing, match="no key"):
        Vault().seal("t", "c", {})
    with pytest.raises(KeyMissing, match="cannot be made"):
        Vault.at(tmp_path / "absent" / "vaiven.db", {}).seal("t", "c", {})


def test_a_later_layout_is_told_from_damage():
    envelope = Vault([KEY]).seal("t", "c", {})
    with pytest.raises(CredentialDamaged, match="layout 9"):
        Vault([KEY]).open("t", "c", b"\x09" + envelope[1:])


def test_values_stay_out_of_every_text(caplog):
    credential = Vault([KEY]).open("t", "c", Vault([KEY]).seal("t", "c", {"token": CANARY}))
    logging.getLogger("t").warning("%s %r %s", credential, credential, {"in": [credential]})
    try:
        credential["absent"]
    except KeyError:
        trace = traceback.format_exc()
    shown = [str(credential), f"{credential}", f"{credential!r}", caplog.text, trace]
    assert not [one for one in shown if CANARY in one]
    assert "token" in repr(credential)
    assert credential == {"token": CANARY}
    for leak in (pickle.dumps, copy.deepcopy, json.dumps, vars):
        with pytest.raises(TypeError):
            leak(credential)


def test_the_vault_shows_no_key():
    vault = Vault([KEY])
    assert text(KEY) not in repr(vault)
    assert repr(KEY) not in repr(vault)
    assert repr(Vault()) == "Vault(no key yet)"


@settings(max_examples=20)
@given(credentials)
def test_a_redacted_mapping_is_a_mapping(values):
    redacted = Redacted(values)
    assert (dict(redacted), len(redacted), redacted.get("\0absent")) == (values, len(values), None)


def test_the_environment_of_the_process_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("VAIVEN_KEY", text(KEY))
    envelope = Vault.at(tmp_path / "vaiven.db").seal("t", "c", {"token": CANARY})
    assert Vault([KEY]).open("t", "c", envelope)["token"] == CANARY
