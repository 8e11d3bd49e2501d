"""Shoplazza's order creation, 2022-01 and 2026-01, as told in ``docs/apis/shoplazza.md``."""
