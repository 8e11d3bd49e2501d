"""Invoices as PDF: the text that is in them, the fonts they bring, the picture they make."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader

from orderhub.adapters.invoice_pdf import FONT, PdfInvoices
from orderhub.domain import commands, identity
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor, Address, Details
from orderhub.domain.events import Terms
from orderhub.domain.invoice import Invoicing, Seller
from orderhub.domain.lines import Charge, ChargeKind, Discount, LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState

CLERK = Actor("brandcloud", "1")
LATE_IN_LONDON = datetime(2017, 3, 29, 16, 30, tzinfo=UTC)
SELLER = Seller(
    id="1",
    name="東京カメラ株式会社",
    address=Address(
        line1="渋谷区神宮前 1-2-3", city="東京都", postal_code="150-0001", country="日本"
    ),
)


@pytest.fixture(scope="module")
def renderer() -> PdfInvoices:
    return PdfInvoices()


def line(
    name: str, price: str, quantity: int = 1, currency: str = "EUR", list_price: str | None = None
) -> LineRequest:
    return LineRequest(
        product_id="3531",
        name=name,
        options="尺码:白色",
        sku="SPC00001",
        quantity=quantity,
        unit_price=UnitPrice.of(price, currency),
        list_price=UnitPrice.of(list_price, currency) if list_price else None,
    )


def paid(
    *lines: LineRequest,
    currency: str = "EUR",
    details: Details | None = None,
    charges: tuple[Charge, ...] = (),
    discounts: tuple[Discount, ...] = (),
) -> Order:
    placement = Placement(
        number="AAAA170329000006OD",
        wire="brandcloud",
        currency=currency,
        terms=Terms(),
        details=details or Details(),
        lines=lines,
        charges=charges,
        discounts=discounts,
        invoicing=Invoicing(seller=SELLER, number="AAAA170329000006IN"),
    )
    order_id = identity.order_id(LATE_IN_LONDON, 1)
    order = commands.place("demo", order_id, placement, LATE_IN_LONDON, CLERK).order
    return pay(order, order.total, "UXI2KS784JOC9A0", LATE_IN_LONDON)


def pay(order: Order, amount: Money, transaction: str, at: datetime) -> Order:
    change = Change(order, at, CLERK)
    payment = Payment(
        id=0,
        provider="payworks",
        transaction_id=transaction,
        amount=amount,
        state=PaymentState.CAPTURED,
        created_at=at,
        updated_at=at,
        method="credit_card",
    )
    commands.capture_payment(change, payment)
    return change.order


def drawn(renderer: PdfInvoices, order: Order, timezone: str = "UTC") -> bytes:
    return renderer.render(order.invoices[0], order, timezone=timezone)


def text(pdf: bytes) -> str:
    """What a reader can copy out of it, blanks and line breaks as one blank."""
    return " ".join(
        " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split()
    )


def sale() -> Order:
    return paid(
        line("梵·SCP200 手工陶瓷茶壶", "1358.85", 2, list_price="1648.23"),
        line("Größenverstellbarer Tisch, geölt", "899.00"),
        line("ソニー α7 レンズキット", "2499.50"),
        line("한국 도자기 세트", "12.05", 10),
        details=Details(
            billing_address=Address(
                given_name="Jürgen",
                family_name="Müßig",
                line1="Königstraße 12",
                line2="Hinterhaus",
                postal_code="70173",
                city="Stuttgart",
                country="Deutschland",
            ),
            shipping_address=Address(full_name="王小明", line1="信義區市府路1號", city="台北市"),
        ),
        charges=(
            Charge(kind=ChargeKind.SHIPPING, amount=Money.of("12.90", "EUR")),
            Charge(
                kind=ChargeKind.TAX,
                amount=Money.of("1040.11", "EUR"),
                name="VAT 19 %",
                included=True,
            ),
        ),
        discounts=(Discount(amount=Money.of("50", "EUR"), name="夏日优惠"),),
    )


def test_all_that_an_invoice_must_say_can_be_read(renderer: PdfInvoices) -> None:
    told = text(drawn(renderer, sale()))
    for needed in (
        "Invoice number AAAA170329000006IN",
        "Date 2017-03-29",
        "Order AAAA170329000006OD",
        # the parties
        "東京カメラ株式会社 渋谷区神宮前 1-2-3 150-0001 東京都 日本",
        "Jürgen Müßig Königstraße 12 Hinterhaus 70173 Stuttgart Deutschland",
        "王小明 信義區市府路1號 台北市",
        # the lines: quantity, price, discount, amount
        "梵·SCP200 手工陶瓷茶壶 尺码:白色 · SPC00001 2 1,648.23 −578.76 2,717.70",
        "Größenverstellbarer Tisch, geölt 尺码:白色 · SPC00001 1 899.00 899.00",
        "ソニー α7 レンズキット",
        "한국 도자기 세트",
        # the sums
        "Subtotal 6,815.46",
        "Product discounts −578.76",
        "Discount 夏日优惠 −50.00",
        "Shipping 12.90",
        "Total EUR 6,199.60",
        "included: VAT 19 % 1,040.11",
        "Paid 6,199.60 EUR by credit card on 2017-03-29, transaction UXI2KS784JOC9A0",
        "Page 1 of 1",
    ):
        assert needed in told


def test_the_figures_on_it_add_up(renderer: PdfInvoices) -> None:
    told = text(drawn(renderer, sale()))

    def figure(label: str) -> int:
        found = re.search(rf"{label} (−?[\d,.]+)", told)
        assert found
        return int(re.sub(r"[,.]", "", found[1]).replace("−", "-"))

    parts = ("Subtotal", "Product discounts", "Discount 夏日优惠", "Shipping")
    assert sum(figure(part) for part in parts) == figure("Total EUR") == 619960


def test_the_font_is_in_the_file_so_that_every_viewer_shows_it(renderer: PdfInvoices) -> None:
    pdf = drawn(renderer, sale())
    fonts = {}
    for page in PdfReader(io.BytesIO(pdf)).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            fonts[font.get_object()["/BaseFont"]] = font.get_object()
    used = [font for name, font in fonts.items() if FONT.lower() in str(name).lower()]
    assert used
    for font in used:
        assert "/FontFile2" in font["/FontDescriptor"].get_object()
    # Only the letters in use came along: the whole font has five megabytes.
    assert len(pdf) < 100_000


def test_the_page_shows_each_script(renderer: PdfInvoices) -> None:
    """A letter that the font lacks would be the same empty box for all of them."""
    pictures = set()
    for letter in "请請あア한Äßł":
        page = page_of(drawn(renderer, paid(replace(line(letter * 8, "1"), options="", sku=""))))
        pictures.add(page.crop(page_area(page, 0.13, 0.24, 0.5, 0.33)).tobytes())
    assert len(pictures) == len("请請あア한Äßł")


def test_nothing_runs_off_the_page(renderer: PdfInvoices) -> None:
    order = paid(
        line("Wort" * 60, "999999999.99", 9, list_price="1999999999.99"),
        line("很长的名字" * 60, "1"),
        details=Details(billing_address=Address(full_name="X" * 120, line1="道" * 120)),
        discounts=(Discount(amount=Money.of("1", "EUR"), name="Rabatt " * 20),),
    )
    page = page_of(drawn(renderer, order))
    for area in ((0.0, 0.0, 0.06, 1.0), (0.94, 0.0, 1.0, 1.0), (0.0, 0.96, 1.0, 1.0)):
        assert set(page.crop(page_area(page, *area)).tobytes()) == {255}


def test_the_parties_stand_apart(renderer: PdfInvoices) -> None:
    address = Address(full_name="X" * 120, line1="道" * 120)
    order = paid(
        line("Cup", "1"),
        details=Details(billing_address=address, shipping_address=replace(address, line2="A")),
    )
    page = page_of(drawn(renderer, order))
    # The second and third column begin at 0.362 and 0.638 of the width.
    for left, right in ((0.345, 0.361), (0.621, 0.637)):
        between = page.crop(page_area(page, left, 0.18, right, 0.3))
        assert set(between.tobytes()) == {255}


def test_what_is_longer_than_a_page_goes_on_upon_the_next(renderer: PdfInvoices) -> None:
    longest = "道" * 255
    address = Address(
        given_name=longest,
        family_name=longest,
        line1=longest,
        line2=longest,
        postal_code=longest,
        city=longest,
        province=longest,
        country=longest,
        phone=longest,
        email="x" * 250 + "@end",
    )
    told = text(drawn(renderer, paid(line("Cup", "1"), details=Details(billing_address=address))))
    assert told.count("道") == 9 * 255
    assert "Total EUR 1.00" in told
    told = text(drawn(renderer, paid(line("Cup", "1"), line("名" * 3000, "2"), line("End", "3"))))
    assert told.count("名") == 3000
    assert "Total EUR 6.00" in told


def test_every_payment_of_many_is_told(renderer: PdfInvoices) -> None:
    placement = Placement(
        number="AAAA170329000006OD",
        wire="brandcloud",
        currency="EUR",
        terms=Terms(),
        details=Details(),
        lines=[line("Cup", "200")],
        invoicing=Invoicing(seller=SELLER, number="AAAA170329000006IN"),
    )
    order_id = identity.order_id(LATE_IN_LONDON, 1)
    order = commands.place("demo", order_id, placement, LATE_IN_LONDON, CLERK).order
    for number in range(200):
        order = pay(order, Money.of("1", "EUR"), f"T{number}", LATE_IN_LONDON)
    told = text(drawn(renderer, order))
    assert re.findall(r"Paid 1\.00 EUR by credit card on 2017-03-29, transaction T(\d+)", told) == [
        str(number) for number in range(200)
    ]


@pytest.mark.parametrize(
    ("given_name", "family_name", "written"),
    [
        ("Mei", "Han", "Mei Han"),
        ("梅梅", "韩", "韩梅梅"),
        ("민준", "김", "김민준"),
        ("さくら", "佐藤", "佐藤さくら"),
        ("ジョン", "スミス", "ジョン スミス"),
        ("小明 David", "王", "小明 David 王"),
        ("", "王", "王"),
        ("小明", "", "小明"),
    ],
)
def test_names_are_written_as_where_they_come_from(
    renderer: PdfInvoices, given_name: str, family_name: str, written: str
) -> None:
    address = Address(given_name=given_name, family_name=family_name, line1="ABC st.")
    order = paid(line("Cup", "1"), details=Details(billing_address=address))
    assert f"Bill to {written} ABC st." in text(drawn(renderer, order))


def page_of(pdf: bytes, number: int = 0, scale: float = 1.5) -> Image.Image:
    picture: Image.Image = pypdfium2.PdfDocument(pdf)[number].render(scale=scale).to_pil()
    return picture.convert("L")


def page_area(
    page: Image.Image, left: float, top: float, right: float, bottom: float
) -> tuple[int, int, int, int]:
    width, height = page.size
    return int(width * left), int(height * top), int(width * right), int(height * bottom)


def test_a_long_one_goes_on_with_its_headings_and_counts_its_pages(renderer: PdfInvoices) -> None:
    order = paid(*(line(f"Artikel {number}", "1.10") for number in range(1, 121)))
    pages = PdfReader(io.BytesIO(drawn(renderer, order))).pages
    assert len(pages) == 6
    for number, page in enumerate(pages, start=1):
        told = page.extract_text()
        assert f"Page {number} of 6" in told
        assert "Description" in told
    assert "Total EUR" in pages[-1].extract_text()
    assert "132.00" in pages[-1].extract_text()


def test_the_headings_are_underlined_in_full_on_every_page(renderer: PdfInvoices) -> None:
    pdf = drawn(renderer, paid(*(line(f"Artikel {n}", "1.10") for n in range(1, 121))))
    for number in range(1, 6):
        page = page_of(pdf, number, scale=8)
        # A column of dots from the headings to the first row, between two words: the rule's
        # 0.8 points in ink alone, with nothing lighter drawn over them.
        dots = page.crop(page_area(page, 0.5, 0.07, 0.5002, 0.1)).tobytes()
        dark = [index for index, dot in enumerate(dots) if dot < 80]
        assert len(dark) >= 5
        assert dark == list(range(dark[0], dark[-1] + 1))


def test_currencies_have_their_own_decimals(renderer: PdfInvoices) -> None:
    yen = text(drawn(renderer, paid(line("茶碗", "24414", currency="JPY"), currency="JPY")))
    assert "Total JPY 24,414 " in yen
    dinar = text(drawn(renderer, paid(line("Cup", "12.345", currency="KWD"), currency="KWD")))
    assert "Total KWD 12.345 " in dinar


def test_its_day_is_the_shop_s(renderer: PdfInvoices) -> None:
    assert "Date 2017-03-30" in text(drawn(renderer, sale(), "Asia/Taipei"))


def test_the_same_invoice_is_the_same_file_whatever_happened_since(renderer: PdfInvoices) -> None:
    order = sale()
    first = drawn(renderer, order)
    later = pay(order, Money.of("5", "EUR"), "T2", LATE_IN_LONDON + timedelta(days=1))
    change = Change(later, LATE_IN_LONDON + timedelta(days=2), CLERK)
    commands.request_refund(change, Money.of("100", "EUR"))
    elsewhere = Address(full_name="Somebody Else", line1="Elsewhere")
    commands.change_details(
        change,
        replace(order.details, billing_address=elsewhere, shipping_address=elsewhere),
    )
    assert drawn(renderer, change.order) == first
    assert drawn(PdfInvoices(), order) == first


def test_nothing_that_a_caller_wrote_is_taken_for_markup(renderer: PdfInvoices) -> None:
    order = paid(
        line("<b>Bold</b> & <img src='file:///etc/passwd'/> <unclosed", "1"),
        line("nul\x00 tab\t lone \udc80 emoji 🧱 end", "1"),
        details=Details(billing_address=Address(full_name="<para>A & B</para>")),
    )
    told = text(drawn(renderer, order))
    assert "<b>Bold</b> & <img src='file:///etc/passwd'/> <unclosed" in told
    assert "<para>A & B</para>" in told
    assert "end" in told


def test_an_invoice_to_nobody_in_particular_is_still_one(renderer: PdfInvoices) -> None:
    order = paid(line("Cup", "1"))
    bare = replace(order.invoices[0], seller=Seller())
    told = text(renderer.render(bare, order, timezone="UTC"))
    assert "Bill to —" in told
    assert "Total EUR 1.00" in told
