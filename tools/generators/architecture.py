"""``docs/architecture.svg``: who calls, reads and tells whom, drawn from ``template.yaml``."""

from tools.architecture.picture import draw
from tools.architecture.system import read


def generate() -> str:
    """The picture."""
    return draw(read())
