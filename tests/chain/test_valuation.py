"""The values of positions as the `lp` command prints them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.chain.rpc import LineDown
from bot.chain.valuation import ValueRequest, avalue_positions, value_positions
from bot.localnet.chain_actions import full_range
from bot.localnet.chain_deploy import LabSpec
from bot.model.errors import ConfigError
from chain.lab import HALF, Lab, SharedNode, open_positions

KEYS = {
    "id", "kind", "token_amount", "usdt_amount", "fees_token", "fees_usdt", "value_usdt", "delta_tokens",
    "gamma_tokens_per_usdt", "in_range", "staked", "block", "age_s",
}  # fmt: skip


def request_for(node: SharedNode, lab: Lab) -> ValueRequest:
    deployed = lab.deployed
    return ValueRequest(
        node.anvil.rpc_url,
        deployed.token,
        deployed.usdt,
        contracts=deployed.contracts.as_dict(),
        owner=deployed.accounts.us,
        v2_pair=deployed.pair,
    )


@pytest.mark.parametrize(
    "spec", [LabSpec(True, 9, 18, HALF), LabSpec(False, 18, 6, HALF)], ids=["9/18", "18/6"]
)
async def test_values_are_what_the_contracts_pay_at_the_given_price(
    shared_node: SharedNode, spec: LabSpec
) -> None:
    async with shared_node.lab(spec) as lab:
        full, narrow = await open_positions(lab)
        await lab.market.swap_v3(
            lab.sells_token(), lab.amounts(20_000, 0)[0 if lab.sells_token() else 1] or 10**9
        )
        await lab.market.stake(narrow)
        found = await avalue_positions(replace(request_for(shared_node, lab), price=0.52))
        assert [row["id"] for row in found["positions"]] == [full, narrow, lab.deployed.pair]
        paid = [
            await lab.market.payout_v3(full),
            await lab.market.payout_v3(narrow),
            await lab.market.payout_v2(),
        ]
        for row, amounts in zip(found["positions"], paid, strict=True):
            assert set(row) >= KEYS
            token, usdt = lab.deployed.ordered(*amounts)
            exact = row["exact"]
            assert int(exact["token_amount"]) + int(exact["fees_token"]) == token
            assert int(exact["usdt_amount"]) + int(exact["fees_usdt"]) == usdt
            tokens = token / 10**spec.token_decimals
            assert row["delta_tokens"] == pytest.approx(tokens)
            assert row["value_usdt"] == pytest.approx(tokens * 0.52 + usdt / 10**spec.usdt_decimals)
            assert row["in_range"]
        assert [row["staked"] for row in found["positions"]] == [False, True, False]
        gammas = [row["gamma_tokens_per_usdt"] for row in found["positions"]]
        assert gammas[1] < 15 * gammas[0] < 0
        assert found["total"]["delta_tokens"] == pytest.approx(
            sum(r["delta_tokens"] for r in found["positions"])
        )
        json.dumps(found, allow_nan=False)


async def test_a_contracts_file_with_the_manager_alone_is_enough(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec(price=HALF)) as lab:
        full, _narrow = await open_positions(lab)
        whole = request_for(shared_node, lab)
        contracts = lab.deployed.contracts
        lean = {
            "NonfungiblePositionManager": contracts.position_manager,
            "MasterChefV3": contracts.masterchef,
        }
        told = await avalue_positions(whole)
        without = await avalue_positions(replace(whole, contracts=lean))
        nested = await avalue_positions(replace(whole, contracts={"contracts": contracts.as_dict()}))
        for found in (without, nested):
            assert [row["exact"] for row in found["positions"]] == [row["exact"] for row in told["positions"]]
        by_id = await avalue_positions(
            replace(whole, contracts=lean, owner=None, v2_pair=None, v3_ids=(full,))
        )
        assert [row["exact"] for row in by_id["positions"]] == [told["positions"][0]["exact"]]


async def test_positions_of_two_fee_tiers_are_valued_together(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec(price=HALF)) as lab:
        await open_positions(lab)
        deployed = lab.deployed
        await lab.sender.send(
            deployed.accounts.owner,
            deployed.contracts.position_manager,
            "createAndInitializePoolIfNecessary(address,address,uint24,uint160)",
            *(deployed.token0, deployed.token1, 500, lab.root("0.5")),
        )
        other = replace(deployed, spec=replace(deployed.spec, fee=500))
        second = await type(lab.market)(lab.sender, other).mint(full_range(10), lab.amounts(1_000, 500))
        found = await avalue_positions(request_for(shared_node, lab))
        assert second in [row["id"] for row in found["positions"]]
        assert len(found["positions"]) == 4


async def test_a_hostile_name_is_harmless(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec(price=HALF, symbol="\x1b[2J\nOWNED" + "x" * 90)) as lab:
        await open_positions(lab)
        found = await avalue_positions(request_for(shared_node, lab))
        assert found["symbols"] == {"token": "?[2J?OWNED" + "x" * 22 + "…", "quote": "USDT"}


async def test_out_of_range_has_no_gamma(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec(price=HALF)) as lab:
        await open_positions(lab)
        await lab.market.move_v3_to(lab.root("0.40"))
        rows = (await avalue_positions(request_for(shared_node, lab)))["positions"]
        assert [row["in_range"] for row in rows] == [True, False, True]
        assert rows[1]["gamma_tokens_per_usdt"] == 0
        assert rows[1]["usdt_amount"] == 0


async def test_wrong_input_is_named(shared_node: SharedNode) -> None:
    async with shared_node.lab(LabSpec(price=HALF)) as lab:
        await open_positions(lab)
        good = request_for(shared_node, lab)
        lonely, stranger = lab.deployed.accounts.trader, "0x" + "12" * 20
        wrong: list[tuple[dict[str, object], str]] = [
            ({"v3_ids": (999,)}, "999 does not exist"),
            ({"owner": lonely, "v2_pair": None}, "no position found"),
            ({"owner": None, "v3_ids": ()}, "needs its owner"),
            ({"owner": lonely, "v3_ids": (1,), "v2_pair": None}, "is held by"),
            ({"token": stranger}, "no contract at|no position|does not answer"),
            ({"token": "0x12"}, "not an address"),
            ({"v2_pair": stranger}, "no contract|address for it"),
            ({"contracts": {**(good.contracts or {}), "chain_id": 97}}, "is on chain 56"),
            (
                {"contracts": {**(good.contracts or {}), "position_manager": lab.deployed.pool}},
                "position_manager",
            ),
            (
                {"contracts": {**(good.contracts or {}), "v3_factory": lab.deployed.pair}},
                "v3_factory|factory",
            ),
            ({"price": float("nan")}, "price"),
        ]
        for change, words in wrong:
            with pytest.raises(ConfigError, match=words):
                await avalue_positions(replace(good, **change))


def test_a_node_that_is_down_is_named() -> None:
    with pytest.raises(LineDown, match=r"127\.0\.0\.1:9"):
        value_positions(ValueRequest("http://127.0.0.1:9", "0x" + "1" * 40, "0x" + "2" * 40, v3_ids=(1,)))
