import dataclasses

from bot.model.facts import FACT_TYPES, Ticked


def test_every_fact_is_frozen_slotted_and_stamped() -> None:
    for name, cls in FACT_TYPES.items():
        assert dataclasses.is_dataclass(cls), name
        assert cls.__dataclass_params__.frozen, name  # type: ignore[attr-defined]
        assert "__slots__" in cls.__dict__, name
        assert dataclasses.fields(cls)[0].name == "seen_ns", name


def test_names_are_past_tense_or_nouns_and_unique() -> None:
    assert FACT_TYPES["Ticked"] is Ticked
    assert len(FACT_TYPES) == len(set(FACT_TYPES.values()))
