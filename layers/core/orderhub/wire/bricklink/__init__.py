"""BrickLink's store order API, version 1, as told in ``docs/apis/bricklink.md``."""
