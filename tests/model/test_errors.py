import pytest

from bot.model.errors import BotError, ConfigError, FailSafe, NotRunning, Refusal, Timeout


@pytest.mark.parametrize(
    ("error", "code"),
    [(BotError(), 1), (NotRunning(), 3), (ConfigError([]), 4), (Timeout(), 5), (FailSafe(), 75)],
)
def test_exit_codes(error: BotError, code: int) -> None:
    assert error.exit_code == code


def test_configuration_error_lists_every_problem() -> None:
    error = ConfigError(["a: wrong", "b: wrong"])
    assert str(error) == "a: wrong\nb: wrong"


def test_refusal_is_a_value() -> None:
    assert Refusal("budget") == Refusal("budget", "")
