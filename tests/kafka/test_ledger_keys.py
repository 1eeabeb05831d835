"""The keys of the ledger topic are stored: they never change."""

from streams.kafka.ledger_keys import OWN_PREFIX, LedgerKey


def test_stored_keys_are_as_they_were() -> None:
    assert {key.name: key.value for key in LedgerKey} == {
        "NEXT_OFFSET": b"_o", "GROUP_OFFSET": b"_c", "REGISTRY": b"_g", "REGISTRY_HISTORY": b"_g/",
        "LOG_ID": b"_i", "PARTITIONS": b"_n", "HORIZON": b"_h", "APP_ID": b"_a", "OWED_PICTURE": b"_p/",
    }  # fmt: skip
    assert all(key.value.startswith(OWN_PREFIX) for key in LedgerKey)


def test_a_key_is_found_by_its_bytes() -> None:
    assert {b"_o": 7}[LedgerKey.NEXT_OFFSET] == 7
