"""What an order is, as the documents say it, and in as few words as that takes.

Written from ``docs/PAYMENTS.md``, ``docs/STATUSES.md`` and ``docs/DECISIONS.md``, with nothing of
``orderhub``, so that a mistake would have to be made twice. One request after the other; amounts
are minor units. Each method is a request as one API has it, and says whether it is done or refused.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

Answer = Literal["done", "refused"]
DONE: Final = "done"
REFUSED: Final = "refused"

PROVIDER: Final = "stripe"


@dataclass
class Payment:
    name: str
    amount: int
    by_provider: bool = False
    is_held: bool = False


@dataclass
class Refund:
    """``beyond`` is the part that undoes no sale. ``payment`` is ``None`` for one of all."""

    amount: int
    is_done: bool
    beyond: int
    name: str = ""
    payment: str | None = None
    has_failed: bool = False


@dataclass
class Order:
    """An order with one line or more, whose payment is due in an hour."""

    total: int
    takes_stock: int = 0
    status: str = "open"
    was_paid: bool = False
    is_sent: bool = False
    payments: list[Payment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    lines: list[tuple[int, int]] = field(default_factory=list)

    @property
    def captured(self) -> int:
        return sum(p.amount for p in self.payments if not p.is_held)

    @property
    def held(self) -> int:
        return sum(p.amount for p in self.payments if p.is_held)

    @property
    def returned(self) -> int:
        return sum(r.amount for r in self.refunds if r.is_done)

    @property
    def asked_back(self) -> int:
        return sum(r.amount for r in self.refunds if not r.is_done and not r.has_failed)

    @property
    def refundable(self) -> int:
        return max(0, self.captured - self.returned - self.asked_back)

    @property
    def credited(self) -> int:
        return self.captured - sum(r.beyond for r in self.refunds if not r.has_failed)

    @property
    def outstanding(self) -> int:
        return max(0, self.total - self.credited)

    @property
    def payment_status(self) -> str:
        if self.asked_back:
            return "refunding"
        if self.returned:
            return "refunded" if self.returned >= self.captured else "partially_refunded"
        if self.was_paid:
            return "paid"
        if self.captured:
            return "partially_paid"
        return "unpaid" if self.status == "open" else "voided"


@dataclass
class World:
    """One order, the shop's stock, and the clock."""

    order: Order
    stock: int = 0
    is_past_due: bool = False
    strays: list[tuple[str, int, str]] = field(default_factory=list)
    """Refunds that wait: for their payment, or for room in it."""

    # -- as everybody must see it now --------------------------------------------------------------

    @property
    def status(self) -> str:
        order = self.order
        waits = order.status == "open" and not order.was_paid and not order.is_sent
        return "expired" if waits and self.is_past_due else order.status

    @property
    def payment_status(self) -> str:
        word = self.order.payment_status
        return "voided" if word == "unpaid" and self.status != "open" else word

    def seen(self) -> dict[str, object]:
        order = self.order
        return {
            "status": self.status,
            "payment_status": self.payment_status,
            "total": order.total,
            "captured": order.captured,
            "held": order.held,
            "returned": order.returned,
            "asked_back": order.asked_back,
            "was_paid": order.was_paid,
            "is_sent": order.is_sent,
            "stock": self.stock,
            "strays": len(self.strays),
        }

    # -- time --------------------------------------------------------------------------------------

    def tick(self) -> Answer:
        self.is_past_due = True
        return DONE

    def close(self) -> Answer:
        """The closing machine."""
        if self.status == "expired" and self.order.status == "open":
            self._end("expired")
        return DONE

    def _end(self, status: str) -> None:
        self.order.status = status
        if not self.order.is_sent:
            self.stock += self.order.takes_stock

    # -- money that comes --------------------------------------------------------------------------

    def _knows(self, name: str) -> bool:
        return any(p.name == name for p in self.order.payments)

    def _take(self, name: str, amount: int, *, by_provider: bool = False) -> None:
        self.order.payments.append(Payment(name, amount, by_provider))
        self._settle()

    def _settle(self) -> None:
        if not self.order.outstanding:
            self.order.was_paid = True

    def marketplace_pays(self, name: str, amount: int) -> Answer:
        if self._knows(name):
            return DONE
        if self.status in ("cancelled", "expired"):
            return REFUSED
        self._take(name, amount)
        return DONE

    def till_pays(self, name: str) -> Answer:
        """BrandCloud: all that is to be paid, by one transaction."""
        if self._knows(name) or self.status != "open" or self.payment_status != "unpaid":
            return REFUSED
        self._take(name, self.order.outstanding)
        return DONE

    def seller_says_paid(self) -> Answer:
        """BrickLink's ``Completed``."""
        if self.payment_status in ("paid", "refunding", "partially_refunded"):
            return DONE
        if self.status in ("cancelled", "expired"):
            return REFUSED
        if self.payment_status not in ("unpaid", "partially_paid"):
            return REFUSED
        self._take("", self.order.outstanding)
        return DONE

    def provider_reports(self, name: str, amount: int) -> Answer:
        """A capture."""
        order = self.order
        if self._knows(name):
            return DONE
        if self.status == "open" and not order.was_paid and amount != order.outstanding:
            order.payments.append(Payment(name, amount, by_provider=True, is_held=True))
        elif self.status in ("open", "completed"):
            self._take(name, amount, by_provider=True)
        else:
            if order.status == "open":
                self._end("expired")
            order.payments.append(Payment(name, amount, by_provider=True))
        self._try_strays(name)
        return DONE

    def _try_strays(self, payment: str) -> None:
        waiting, self.strays = self.strays, []
        for told in waiting:
            if told[0] == payment:
                self.provider_refunds(*told)
            else:
                self.strays.append(told)

    def operator_accepts(self, name: str) -> Answer:
        (payment,) = (p for p in self.order.payments if p.name == name)
        if not payment.is_held:
            return DONE
        if self.status != "open":
            return REFUSED
        payment.is_held = False
        self._settle()
        return DONE

    # -- money that goes ---------------------------------------------------------------------------

    def _give_back(self, *, is_done: bool, name: str = "", payment: Payment | None = None) -> None:
        order = self.order
        amount = order.refundable
        excess = max(0, order.credited - order.total)
        beyond = min(amount, excess if order.was_paid else amount)
        of = payment.name if payment and amount <= payment.amount else None
        order.refunds.append(Refund(amount, is_done, beyond, name, of))

    def till_refunds(self, name: str = "") -> Answer:
        """BrandCloud: everything; what a provider took is the provider's to give back."""
        order = self.order
        if self.status == "expired" or self.payment_status not in ("paid", "partially_refunded"):
            return REFUSED
        payment = None
        if name:
            if any(r.name == name and not r.has_failed for r in order.refunds):
                return REFUSED
            found = [p for p in order.payments if p.name == name and not p.is_held]
            if not found:
                return REFUSED
            payment = found[0]
        if not order.refundable:
            return REFUSED
        is_done = not any(p.by_provider for p in order.payments if not p.is_held)
        self._give_back(is_done=is_done, name=name, payment=payment)
        return DONE

    def seller_says_returned(self) -> Answer:
        """BrickLink's ``Returned``."""
        match self.payment_status:
            case "refunded":
                return DONE
            case "paid" | "partially_refunded" | "partially_paid":
                self._give_back(is_done=True)
                return DONE
        return REFUSED

    def provider_refunds(self, payment: str, amount: int, name: str) -> Answer:
        """A report of a refund that went through. What was asked for here gives way."""
        order = self.order
        of = next((p for p in order.payments if p.name == payment), None)
        if any(r.name == name for r in order.refunds):
            return DONE
        if of is None:
            self._strays(payment, amount, name)
            return DONE
        asked = [r for r in order.refunds if not r.is_done and not r.has_failed]
        for refund in asked:
            if refund.amount == amount:
                refund.is_done, refund.name = True, name
                return DONE
        room = of.amount - sum(r.amount for r in order.refunds if r.is_done)
        if amount > room:
            self._strays(payment, amount, name)
            return DONE
        left = amount
        for refund in asked:
            taken = min(left, refund.amount)
            refund.amount -= taken
            refund.beyond = min(refund.beyond, refund.amount)
            refund.has_failed = not refund.amount
            left -= taken
        excess = max(0, order.credited - order.total)
        beyond = min(amount, excess if order.was_paid else amount)
        order.refunds.append(Refund(amount, True, beyond, name, payment))
        return DONE

    def _strays(self, *told: Any) -> None:
        if told not in self.strays:
            self.strays.append(told)

    # -- what is ordered ---------------------------------------------------------------------------

    def _is_editable(self) -> bool:
        return self.status == "open" and not self.order.was_paid

    def adds_line(self, price: int, pieces: int) -> Answer:
        """The marketplace. A line that is there already is not added again."""
        if (price, pieces) in self.order.lines:
            return DONE
        if not self._is_editable():
            return REFUSED
        self.order.lines.append((price, pieces))
        self.order.total += price * pieces
        return DONE

    def agrees_on(self, total: int) -> Answer:
        """Youhaosuda: another price for the whole."""
        if not self._is_editable():
            return REFUSED
        self.order.total = total
        self._settle()
        return DONE

    # -- the end -----------------------------------------------------------------------------------

    def till_cancels(self) -> Answer:
        """BrandCloud's: done as well for an order that expired, which is written down by then."""
        if self.status == "expired":
            return self.close()
        if self.status != "open" or self.payment_status != "unpaid":
            return REFUSED
        self._end("cancelled")
        return DONE

    def seller_cancels(self) -> Answer:
        """BrickLink's ``CANCELLED``, likewise."""
        if self.status in ("cancelled", "expired"):
            return self.close()
        if self.status == "completed":
            return REFUSED
        if self.payment_status in ("paid", "refunding", "partially_refunded", "partially_paid"):
            return REFUSED
        self._end("cancelled")
        return DONE

    def completes(self) -> Answer:
        """The marketplace."""
        if self.status == "completed":
            return DONE
        if self.status != "open" or not self.order.was_paid:
            return REFUSED
        self.order.status = "completed"
        return DONE

    def seller_sends(self) -> Answer:
        """BrickLink's ``SHIPPED``: whether it is paid or not."""
        if self.status != "open":
            return REFUSED
        self.order.is_sent = True
        return DONE
