"""``README.md``: what was measured, between its two marks; all else stays as written."""

from typing import Final

from benchmarks import times
from benchmarks.peers import figures as peers
from tools import figures
from tools.cost import tables
from tools.cost.alternatives import peer
from tools.cost.tables import MILLION
from tools.cost.usage import Traffic
from tools.docs import ROOT

README: Final = ROOT / "README.md"
_BEGINS: Final = "<!-- measured: python -m tools.docs writes this table -->\n"
_ENDS: Final = "<!-- end of what was measured -->\n"
_CRASHES: Final = "docs/RELIABILITY.md#crash-at-every-call"
_CREATE: Final = "marketplace: create"


def generate() -> str:
    """The document, with the table as the figures are now.

    Raises:
        ValueError: the document has lost one of the marks.
    """
    before, begins, rest = README.read_text(encoding="utf-8").partition(_BEGINS)
    _, ends, after = rest.partition(_ENDS)
    if not begins or not ends:
        raise ValueError("README.md has no marks around what was measured")
    return f"{before}{begins}{_table()}\n{ends}{after}"


def _table() -> str:
    known = {start.operation: start for start in times.recorded().cold}
    compared = peers.recorded()
    steps = {each["step"]: each for each in compared["steps"]}
    broken = figures.kept()["torture"]
    even, _ = tables.break_evens()
    rows = [
        ("", "OrderHub", "beside it, or what came of it"),
        ("---", "---", "---"),
        (
            "a month without an order",
            f"${tables.idle():.2f}",
            f"${peer():.2f}, the smallest Medusa that outlives the loss of a zone",
        ),
        (
            "a million orders, made, paid, read and told of",
            f"${tables.per_million(Traffic(MILLION)):.2f}",
            f"dearer than that Medusa from {even / MILLION:.1f} million orders a month on",
        ),
        *(
            (
                f"{what}, over HTTP on one machine",
                f"{steps[step]['milliseconds']:.0f} ms",
                f"{steps[step]['peer_milliseconds']:.0f} ms, {compared['peer']}",
            )
            for what, step in (
                ("all until an order can be paid", "create"),
                ("paying it", "pay"),
                ("reading it", "read"),
            )
        ),
        (
            "a function's first answer, all imports included",
            f"{known[_CREATE].milliseconds:.0f} ms",
            f"{times.recorded().cold[0].milliseconds:.0f} ms, `import boto3` and one `GetItem`",
        ),
        (
            "every function, cut off at each of its calls to AWS",
            f"{_sum(broken, 'crash points'):,} times",
            f"repeated by its client, it ends as undisturbed, [but for four]({_CRASHES})",
        ),
        (
            "faults between functions and AWS; clients killed",
            f"{_sum(broken, 'faults injected'):,}; {_sum(broken, 'processes killed'):,}",
            "each order there once, its money right, each event told",
        ),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _sum(counted: figures.Figures, what: str) -> int:
    return sum(count for name, count in counted.items() if name.startswith(f"{what}, "))
