"""Marketplace notifications: third-party order systems tell us of their orders.

Source: the marketplace's document of its notifications, as told in ``docs/apis/marketplace.md``.
"""
