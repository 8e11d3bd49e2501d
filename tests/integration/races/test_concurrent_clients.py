"""Clients of all the wires, up to three at once: whatever they do, step by step, and however
their calls interleave, every answer and every state is one that the model knows.

``ORDERHUB_TORTURE=1`` goes on for longer, ``EXPLORE=20`` draws anew.
"""

import os
from itertools import count
from typing import Any, Final

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.integration.races.model import World
from tests.integration.races.town import Town
from tests.support import interleaving
from tests.support.figures import tried
from tests.support.properties import examples

EXAMPLES: Final = 400 if os.environ.get("ORDERHUB_TORTURE") else 8

NAMES: Final = ("T1", "T2")
TERMINALS: Final = ("C1", "C2")
"""Each API names its transactions by itself."""
CAPTURES: Final = ("pi_1", "pi_2")
AMOUNTS: Final = (4000, 6000, 10000)

_STEPS: Final = st.one_of(
    st.sampled_from(
        [
            ("till_refunds",),
            ("seller_says_paid",),
            ("seller_says_returned",),
            ("till_cancels",),
            ("seller_cancels",),
            ("completes",),
            ("seller_sends",),
            ("close",),
        ]
    ),
    st.tuples(st.just("marketplace_pays"), st.sampled_from(NAMES), st.sampled_from(AMOUNTS)),
    st.tuples(st.just("till_pays"), st.sampled_from(TERMINALS)),
    st.tuples(st.just("till_refunds"), st.sampled_from(NAMES + TERMINALS)),
    st.tuples(st.just("provider_reports"), st.sampled_from(CAPTURES), st.sampled_from(AMOUNTS)),
    st.tuples(st.just("adds_line"), st.just(1500), st.integers(1, 3)),
    st.tuples(st.just("agrees_on"), st.sampled_from(AMOUNTS)),
)


class ConcurrentClients(RuleBasedStateMachine):
    """One order of a town. ``town`` is set by the test."""

    town: Town
    steps = count()

    def __init__(self) -> None:
        super().__init__()
        self.town.begin()
        self.world: World | None = None

    @initialize(is_of_store=st.booleans())
    def order(self, is_of_store: bool) -> None:
        self.world = self.town.new_lamp_order(pieces=2) if is_of_store else self.town.new_order()

    @rule(
        steps=st.lists(_STEPS, min_size=1, max_size=3),
        choices=st.lists(st.integers(0, 2), max_size=12),
    )
    def at_once(self, steps: list[tuple[Any, ...]], choices: list[int]) -> None:
        assert self.world
        operations = [self.town.operation(*step) for step in steps]
        answers = interleaving.run(
            self.town.wiretap, [each.send for each in operations], interleaving.told(choices)
        )
        self.world = self.town.require_one_after_the_other(self.world, operations, answers)
        next(ConcurrentClients.steps)

    @precondition(lambda self: self.world and not self.world.is_past_due)
    @rule()
    def time_runs_out(self) -> None:
        operation = self.town.operation("tick")
        assert self.world
        assert operation.send() == operation.happens(self.world)

    @invariant()
    def the_order_is_whole(self) -> None:
        if self.world:
            self.town.prove()
            assert self.town.seen() == self.world.seen()


def test_concurrent_clients_of_all_wires_never_surprise(town: Town) -> None:
    class Machine(ConcurrentClients):
        pass

    Machine.town = town
    town.keep_beginning()
    before = next(ConcurrentClients.steps)
    machine_settings = settings(examples(EXAMPLES, steps=8), phases=[Phase.generate])
    run_state_machine_as_test(Machine, settings=machine_settings)
    tried("steps of concurrent clients, all wires", next(ConcurrentClients.steps) - before - 1)
