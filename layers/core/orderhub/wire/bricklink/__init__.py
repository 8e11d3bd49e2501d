"""BrickLink's store order API, version 1: ``004_ab0b5c355b35c451.txt``."""
