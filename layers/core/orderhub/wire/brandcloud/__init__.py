"""BrandCloud: the point-of-sale API. Tills ring up orders from carts; consumers' apps confirm them.

Source: ``001_18dc223c6c61373e.txt``, described in ``docs/apis/brandcloud.md``.
"""
