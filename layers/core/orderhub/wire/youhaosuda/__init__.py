"""Youhaosuda's (友好速搭) order API, version 1: ``003_d1df0b18e3d1e70e.txt``."""
