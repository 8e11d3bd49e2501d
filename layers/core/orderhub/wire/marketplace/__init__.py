"""Marketplace notifications: third-party order systems tell us of their orders.

Source: ``000_474ca102b2884118.txt``, described in ``docs/apis/marketplace.md``.
"""
