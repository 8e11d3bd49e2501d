"""Shoplazza's order creation, 2022-01 and 2026-01: ``002_be88dfd656f410e7.txt``."""
