"""What OrderHub costs at list prices: ``make cost``, and the figures of ``docs/COST.md``.

* :mod:`.prices` has the list prices, from ``prices.json``.
* :mod:`.deployment` reads from ``template.yaml`` what they depend on: sizes of memory, schedules,
  alarms, batches.
* :mod:`.measured` has the units of the table, from the benchmarks, and :mod:`.assumptions` what
  nothing here measures.
* :mod:`.lives` says what happens to an order.
* :mod:`.usage` has the formula: how much of what a month of orders uses.
* :mod:`.bill` multiplies and adds.
* :mod:`.alternatives` has what the same would cost in other ways.
"""
