"""Invoices as PDF, A4, readable on any viewer: the one font is embedded, as far as it is used.

WenQuanYi Micro Hei has Latin, Greek, Cyrillic, Chinese, Japanese and Korean in one file. Letters
that it lacks come out as boxes.
"""

import io
import unicodedata
from collections.abc import Iterator
from datetime import datetime, tzinfo
from functools import partial
from importlib import resources
from typing import Any, Final
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    LongTable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

from orderhub.domain.details import Address
from orderhub.domain.invoice import Invoice, Seller
from orderhub.domain.lines import ChargeKind, Line
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState

FONT: Final = "WenQuanYiMicroHei"

_INK: Final = HexColor("#1f2933")
_SOFT: Final = HexColor("#616e7c")
_RULE: Final = HexColor("#cbd2d9")
_TINT: Final = HexColor("#f0f4f8")
_MARGIN: Final = 18 * mm
_WIDTH: Final = A4[0] - 2 * _MARGIN
_GAP: Final = 5 * mm
_NARROWEST: Final = 14 * mm

_style: Final = partial(ParagraphStyle, fontName=FONT, textColor=_INK, wordWrap="CJK")
_TITLE: Final = _style("title", fontSize=24, leading=28)
_HEADING: Final = _style("heading", fontSize=8, leading=11, textColor=_SOFT)
_TEXT: Final = _style("text", fontSize=9, leading=12.5)
_SMALL: Final = _style("small", fontSize=7.5, leading=10, textColor=_SOFT)

_CHARGES: Final = {
    ChargeKind.SHIPPING: "Shipping",
    ChargeKind.SHIPPING_TAX: "Tax on shipping",
    ChargeKind.TAX: "Tax",
    ChargeKind.INSURANCE: "Insurance",
    ChargeKind.HANDLING: "Handling",
    ChargeKind.TIP: "Tip",
    ChargeKind.OTHER: "Other charges",
}


class PdfInvoices:
    """:class:`orderhub.ports.InvoiceRenderer`. Loading the font takes longer than an invoice, so
    one is kept while the function is warm."""

    def __init__(self) -> None:
        font = resources.files("paperang_p2_fonts_cjk") / "fonts" / "wqy-microhei.ttc"
        pdfmetrics.registerFont(TTFont(FONT, str(font), subfontIndex=0))

    def render(self, invoice: Invoice, order: Order, *, timezone: str) -> bytes:
        pdf = io.BytesIO()
        document = SimpleDocTemplate(
            pdf,
            pagesize=A4,
            leftMargin=_MARGIN,
            rightMargin=_MARGIN,
            topMargin=_MARGIN,
            bottomMargin=_MARGIN + 6 * mm,
            title=f"Invoice {_clean(invoice.number)}",
            author=_clean(invoice.seller.name),
            subject=f"Order {_clean(order.number)}",
            creator="OrderHub",
            lang="en",
            # No time of making and no random id: the same invoice gives the same bytes.
            invariant=1,
        )
        footer = " · ".join(filter(None, (_clean(invoice.seller.name), _clean(invoice.number))))
        document.build(
            list(_content(invoice, order, ZoneInfo(timezone))),
            canvasmaker=partial(_NumberedPages, footer),
        )
        return pdf.getvalue()


class _NumberedPages(Canvas):
    """Holds pages back until their number is known, so that each can say "1 of 2"."""

    def __init__(self, footer: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._footer = footer
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's own name
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined] # missing in the stubs

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self.setFont(FONT, 7.5)
            self.setFillColor(_SOFT)
            self.drawString(_MARGIN, _MARGIN - 2 * mm, self._footer[:90])
            place = f"Page {number} of {len(self._pages)}"
            self.drawRightString(A4[0] - _MARGIN, _MARGIN - 2 * mm, place)
            super().showPage()
        super().save()


# -- the page, from top to bottom ----------------------------------------------------------------


def _content(invoice: Invoice, order: Order, zone: tzinfo) -> Iterator[Flowable]:
    yield _head(invoice, order, zone)
    yield Spacer(0, 8 * mm)
    yield _parties(invoice)
    yield Spacer(0, 8 * mm)
    yield _lines(order)
    yield Spacer(0, 3 * mm)
    yield KeepTogether([_totals(order), Spacer(0, 5 * mm), _payments(invoice, order, zone)])


def _head(invoice: Invoice, order: Order, zone: tzinfo) -> Flowable:
    facts = [
        ("Invoice number", invoice.number),
        ("Date", _day(invoice.issued_at, zone)),
        ("Order", order.number),
        ("Order date", _day(order.created_at, zone)),
    ]
    rows = [[Paragraph(label, _HEADING), _paragraph(value, _TEXT)] for label, value in facts]
    # Labels are a point smaller: lowered by it, they stand on the same line as the values.
    style = [*_PLAIN, ("TOPPADDING", (0, 0), (0, -1), 2)]
    table = Table(rows, colWidths=(28 * mm, 52 * mm), style=style)
    return Table(
        [[Paragraph("Invoice", _TITLE), table]], colWidths=(_WIDTH - 80 * mm, 80 * mm), style=_PLAIN
    )


def _parties(invoice: Invoice) -> Flowable:
    parties = [("From", _seller(invoice.seller)), ("Bill to", _postal(invoice.recipient))]
    if invoice.ship_to:
        parties.append(("Ship to", _postal(invoice.ship_to)))
    shown = [
        [Paragraph(heading, _HEADING), *(_paragraph(text, _TEXT) for text in texts or ["—"])]
        for heading, texts in parties
    ]
    shown += [[]] * (3 - len(shown))
    style = [*_PLAIN, ("RIGHTPADDING", (0, 0), (-2, -1), _GAP)]
    return Table([shown], colWidths=[_WIDTH / 3] * 3, style=style, splitInRow=1)


def _lines(order: Order) -> Flowable:
    discounted = any(_discount(line) for line in order.lines)
    rows: list[list[Any]] = [
        ["", "Description", "Quantity", "Price", "Discount" if discounted else "", "Amount"]
    ]
    for line in order.lines:
        discount = _discount(line)
        rows.append(
            [
                str(line.id),
                _description(line),
                f"{line.quantity:,}",
                _grouped((line.list_price or line.unit_price).decimal_text),
                f"−{_amount(discount)}" if discount else "",
                _amount(line.total),
            ]
        )
    return LongTable(
        rows,
        colWidths=_widths(rows),
        repeatRows=1,
        splitInRow=1,
        style=[
            *_PLAIN,
            ("FONT", (0, 0), (-1, -1), FONT, 9, 12.5),
            ("TEXTCOLOR", (0, 0), (-1, -1), _INK),
            ("FONT", (0, 0), (-1, 0), FONT, 8, 11),
            ("TEXTCOLOR", (0, 0), (-1, 0), _SOFT),
            ("TEXTCOLOR", (0, 1), (0, -1), _SOFT),
            ("ALIGN", (2, 0), (-1, -1), "RIGHT"),
            ("TOPPADDING", (0, 0), (-1, -1), 4),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, _RULE),
            # Last, since a page that goes on has the last page's thin rule in the same place.
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, _INK),
        ],
    )


def _widths(rows: list[list[Any]]) -> list[float]:
    """Each figure gets the room it needs, the description what is left."""
    figures = [max(_NARROWEST, *map(_wide, texts)) for texts in list(zip(*rows, strict=True))[2:]]
    number = _wide(rows[-1][0])
    return [number, _WIDTH - number - sum(figures), *figures]


def _wide(text: str) -> float:
    return float(pdfmetrics.stringWidth(text, FONT, 9)) + _GAP


def _description(line: Line) -> list[Flowable]:
    named = line.name or line.sku or line.product_id
    more = " · ".join(filter(None, (line.options, line.sku if line.name else "")))
    return [_paragraph(named, _TEXT), *([_paragraph(more, _SMALL)] if more else [])]


def _totals(order: Order) -> Flowable:
    reductions = Money.total((_discount(line) for line in order.lines), order.currency)
    rows = [("Subtotal", order.item_total + reductions)]
    if reductions:
        rows.append(("Product discounts", Money.zero(order.currency) - reductions))
    for discount in order.discounts:
        label = " ".join(filter(None, ("Discount", discount.name or discount.code)))
        rows.append((label, Money.zero(order.currency) - discount.amount))
    for charge in order.charges:
        if not charge.included:
            rows.append((_charge(charge.kind, charge.name), charge.amount))
    if order.price_adjustment:
        rows.append(("Agreed price", order.price_adjustment))
    total = len(rows)
    rows.append((f"Total {order.currency}", order.total))
    for charge in order.charges:
        if charge.included:
            rows.append((f"included: {_charge(charge.kind, charge.name)}", charge.amount))
    figures = max(_wide(_amount(amount)) for _, amount in rows)
    labels = max(0, _WIDTH - figures - 75 * mm)
    return Table(
        [["", _paragraph(label, _TEXT), _amount(amount)] for label, amount in rows],
        colWidths=(labels, _WIDTH - figures - labels, figures),
        splitInRow=1,
        style=[
            *_PLAIN,
            ("FONT", (0, 0), (-1, -1), FONT, 9, 12.5),
            ("TEXTCOLOR", (0, 0), (-1, -1), _INK),
            ("ALIGN", (2, 0), (2, -1), "RIGHT"),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ("LINEABOVE", (1, total), (-1, total), 0.8, _INK),
            ("LINEBELOW", (1, total), (-1, total), 0.8, _INK),
            ("BACKGROUND", (1, total), (-1, total), _TINT),
        ],
    )


def _payments(invoice: Invoice, order: Order, zone: tzinfo) -> Flowable:
    """What paid the order; money that came after the invoice was issued is not its matter."""
    counted = [
        [_paragraph(_paid(payment, zone), _SMALL)]
        for payment in order.payments
        if payment.state is PaymentState.CAPTURED and payment.updated_at <= invoice.issued_at
    ]
    style = [*_PLAIN, ("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 0)]
    return Table(counted or [[""]], colWidths=(_WIDTH,), style=style)


def _paid(payment: Payment, zone: tzinfo) -> str:
    means = (payment.method or payment.provider).replace("_", " ")
    transaction = f", transaction {payment.transaction_id}" if payment.transaction_id else ""
    amount = f"{_amount(payment.amount)} {payment.amount.currency}"
    return f"Paid {amount} by {means} on {_day(payment.updated_at, zone)}{transaction}"


# -- words and figures ---------------------------------------------------------------------------

_PLAIN: Final[list[Any]] = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 1),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
]


def _discount(line: Line) -> Money:
    """What the product's own discount takes off the line, never negative."""
    if line.list_price is None:
        return Money.zero(line.total.currency)
    less = line.list_price.times(line.quantity) - line.total
    return Money(max(0, less.amount), less.currency)


def _charge(kind: ChargeKind, name: str) -> str:
    return name or _CHARGES[kind]


def _amount(amount: Money) -> str:
    return _grouped(amount.decimal_text)


def _grouped(decimal_text: str) -> str:
    """``"-12345.60"`` → ``"−12,345.60"``."""
    whole, point, fraction = decimal_text.removeprefix("-").partition(".")
    sign = "−" if decimal_text.startswith("-") else ""
    return f"{sign}{int(whole):,}{point}{fraction}"


def _day(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d}"


def _seller(seller: Seller) -> list[str]:
    return list(dict.fromkeys(_present(seller.name, *_postal(seller.address))))


def _postal(address: Address | None) -> list[str]:
    if address is None:
        return []
    return _present(
        address.full_name or _full_name(address.given_name, address.family_name),
        address.line1,
        address.line2,
        address.district,
        " ".join(_present(address.postal_code, address.city, address.province)),
        address.country or address.country_code,
        address.phone,
        address.email,
    )


def _full_name(given_name: str, family_name: str) -> str:
    """As it is written where it comes from: Mei Han, but 韩梅梅, the family first."""
    if _is_cjk(given_name) and _is_cjk(family_name):
        return family_name.strip() + given_name.strip()
    return " ".join(_present(given_name, family_name))


def _is_cjk(text: str) -> bool:
    """Han characters, hangul or hiragana, and nothing else. Katakana are for foreign names."""
    names = [unicodedata.name(letter, "") for letter in text.strip()]
    return bool(names) and all(name.startswith(("CJK ", "HANGUL ", "HIRAGANA ")) for name in names)


def _present(*texts: str) -> list[str]:
    return [text.strip() for text in texts if text.strip()]


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(_clean(text)), style)


def _clean(text: str) -> str:
    """``text`` without what no page can show: controls, and halves of surrogate pairs."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
