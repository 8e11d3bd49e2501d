"""What follows from what, in this thread and in others."""

from concurrent.futures import ThreadPoolExecutor

from orderhub.correlation import caused_by, correlation_id, in_threads, note_order


def test_everything_inside_follows_from_the_cause_and_nothing_outside() -> None:
    assert correlation_id() == ""
    with caused_by("request") as outer:
        with caused_by("run"):
            assert correlation_id() == "run"
            note_order("demo", 2)
        assert correlation_id() == "request"
        before = outer.order
        note_order("demo", 1)
    assert (before, outer.order) == (None, ("demo", 1))
    assert correlation_id() == ""


def test_an_order_that_nobody_asked_about_is_no_fault() -> None:
    note_order("demo", 1)
    assert correlation_id() == ""


def test_threads_work_for_what_started_them() -> None:
    def told(n: int) -> tuple[int, str]:
        return n, correlation_id()

    with ThreadPoolExecutor(4) as pool, caused_by("run"):
        assert set(pool.map(in_threads(told), range(50))) == {(n, "run") for n in range(50)}
        assert {cause for _, cause in pool.map(told, range(50))} == {""}
