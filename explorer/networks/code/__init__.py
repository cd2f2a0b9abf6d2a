"""A spec -> the source of a stand-alone PyTorch file.

The file is written from the operations of the spec alone, whatever its family: blocks that differ in nothing but
numbers become one class, their numbers its parameters, and stages rows of a call.
"""

from explorer.networks.code.network import class_name, pytorch_code

__all__ = ["class_name", "pytorch_code"]
