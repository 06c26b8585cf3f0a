"""The proof of the proof: a service with a bug is found out by these very scenarios."""

import pytest

from tests.chaos.fleet import Fleet
from tests.chaos.launch import PLANTED_BUG
from tests.chaos.own_postgres import hold_table
from tests.chaos.patience import wait_until
from tests.chaos.scale import long_form
from tests.chaos.stage import Stage
from tests.chaos.wire import Moment
from tests.simulation.checks import DOUBLE, LOST, run_checks


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_create_without_a_look_is_found_out(stage: Stage, fleet: Fleet) -> None:
    """A service that does not look before it creates is caught with two warehouse orders."""
    stage.active_ants.habits.ships_by_itself = False  # a shipment would settle it too
    bug = {PLANTED_BUG: "skip_the_look_before_create"}
    service = await fleet.start("service", "serve", **bug)
    await service.wait_until_ready()
    trap = stage.wire.trap("POST */order/add", Moment.TAKEN)
    stage.place_order(fleet)
    await trap.wait()
    await fleet.kill("service")
    trap.let_go()

    await wait_until(lambda: len(stage.active_ants.orders) > 1, fleet.last_words)

    assert len(run_checks(stage, DOUBLE)) == 1


@long_form
async def test_an_early_answer_is_found_out(
    postgres_url: str, postgres_stage: Stage, postgres_fleet: Fleet
) -> None:
    """A service that answers before it has stored is caught with a lost event."""
    stage, fleet = postgres_stage, postgres_fleet
    bug = {PLANTED_BUG: "acknowledge_before_storing"}
    web = await fleet.start("web", "serve", "--no-worker", **bug)
    await web.wait_until_ready()
    with hold_table(postgres_url, "events"):
        stage.place_order(fleet)
        deliveries = stage.ankorstore.deliveries
        await wait_until(lambda: any(one.is_delivered for one in deliveries), fleet.last_words)
        await web.clear_away()

    found = run_checks(stage, LOST)

    assert any(problem.startswith("every_acknowledged_event_is_stored") for problem in found)
