"""Youhaosuda's (友好速搭) order API, version 1, as told in ``docs/apis/youhaosuda.md``."""
