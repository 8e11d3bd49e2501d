"""What ``orderhub import`` needs of the format: a line goes in, an order comes out."""

from .line import BadLine as BadLine
from .line import ImportedOrder as ImportedOrder
from .reading import read_imported as read_imported
