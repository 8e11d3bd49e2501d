"""BrandCloud: the point-of-sale API. Tills ring up orders from carts; consumers' apps confirm them.

Source: BrandCloud's document of its orders (January 2019), as told in ``docs/apis/brandcloud.md``.
"""
