"""The proxy that cuts connections, where tests look for it."""

from tools.faults.cut_proxy import CutProxy, Direction

__all__ = ["CutProxy", "Direction"]
