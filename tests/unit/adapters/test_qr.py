"""QR codes, read back by a decoder that is not the one who wrote them."""

import base64
import io

import pytest
import zxingcpp
from PIL import Image

from orderhub.adapters.qr import MODULE_PIXELS, QUIET_ZONE, SegnoQrCoder

PNG = b"\x89PNG\r\n\x1a\n"


def picture(text: str) -> Image.Image:
    data = base64.b64decode(SegnoQrCoder().png_base64(text), validate=True)
    assert data.startswith(PNG)
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(
    "text",
    [
        "AAAA160509000001OD",
        "https://example.com/order/AAAA160509000001OD/detail?from=till&n=1",
        "订单 AAAA160509000001OD，请扫码支付",
        "".join(f"{number:04d};" for number in range(100)),
    ],
)
def test_a_scanner_reads_what_was_written(text: str) -> None:
    (found,) = zxingcpp.read_barcodes(picture(text))
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    assert found.text == text


def test_it_is_read_from_a_photograph_that_is_turned_small_and_grey() -> None:
    code = picture("AAAA160509000001OD").convert("L").point(lambda level: 60 + level // 2)
    scene = Image.new("L", (600, 600), 190)
    scene.paste(code.resize((200, 200)).rotate(11, expand=True, fillcolor=190), (120, 150))
    (found,) = zxingcpp.read_barcodes(scene)
    assert found.text == "AAAA160509000001OD"


def test_it_has_the_quiet_zone_that_scanners_need() -> None:
    code = picture("AAAA160509000001OD").convert("L")
    border = MODULE_PIXELS * QUIET_ZONE
    assert set(code.crop((0, 0, code.width, border)).tobytes()) == {255}
    assert code.getpixel((border, border)) == 0


def test_even_a_short_text_is_a_full_qr_code_which_every_phone_reads() -> None:
    (found,) = zxingcpp.read_barcodes(picture("1"))
    assert found.format == zxingcpp.BarcodeFormat.QRCode
