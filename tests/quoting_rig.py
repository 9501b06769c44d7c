"""What the quoter's tests wait for and count."""

from __future__ import annotations

from task_rig import SPOTS, Rig

FULL = 20  # ten levels a side


def resting(made: Rig, key: str) -> int:
    """Our orders on one spot exchange, by its own book."""
    return len(made.exchanges[key].open_orders())


async def quoting(made: Rig, within_s: float = 20.0) -> float:
    """Wait until all three exchanges carry the full ladder and the meter agrees."""
    return await made.until(
        lambda: (
            all(resting(made, key) == FULL for key in SPOTS)
            and all(one.compliant for one in made.view.value.obligations.values())
            and len(made.view.value.obligations) == 3
        ),
        within_s,
    )
