"""The outside world, behind the protocols of :mod:`orderhub.ports`."""
