"""Contract readings recorded from PancakeSwap on a node, as states."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.chain.state import NftState, PairState, PoolState

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "pancake_truth_token0.json"


def steps() -> list[dict[str, Any]]:
    """The recorded steps of one scenario."""
    found: list[dict[str, Any]] = json.loads(GOLDEN.read_text(encoding="utf-8"))["steps"]
    return found


def pool_of(step: dict[str, Any]) -> PoolState:
    """The V3 pool of a step."""
    raw = step["v3"]
    return PoolState(
        int(raw["sqrtPriceX96"]),
        raw["tick"],
        raw["feeProtocol"],
        int(raw["liquidity"]),
        (int(raw["feeGrowthGlobal"][0]), int(raw["feeGrowthGlobal"][1])),
    )


def nfts_of(step: dict[str, Any]) -> Iterator[tuple[NftState, dict[str, Any]]]:
    """Each V3 position of a step and what the contracts said it was worth."""
    for number, known in step["positions"].items():
        word = known["position"]
        outside = [tuple(int(x) for x in step["ticks"][str(word[i])]["out"]) for i in (5, 6)]
        yield (
            NftState(
                token_id=int(number),
                lower=word[5],
                upper=word[6],
                liquidity=int(word[7]),
                inside_last=(int(word[8]), int(word[9])),
                owed=(int(word[10]), int(word[11])),
                outside_lower=(outside[0][0], outside[0][1]),
                outside_upper=(outside[1][0], outside[1][1]),
                owner=known["owner"].lower(),
            ),
            known,
        )


def pair_of(step: dict[str, Any]) -> PairState:
    """The V2 pair of a step."""
    raw = step["v2"]
    return PairState(
        (raw["reserves"][0], raw["reserves"][1]),
        (raw["balances"][0], raw["balances"][1]),
        raw["supply"],
        raw["lp"],
        raw["kLast"],
        int(raw["feeTo"], 16) != 0,
    )
