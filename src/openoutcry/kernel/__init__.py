"""The one door to the native engine: batches of command bytes in, event bytes out.

Deterministic: no clock, no randomness, no I/O. It must not know who calls it, where the journal is
or how bytes travel. Beside the kernel it offers what makes and reads those bytes natively.
"""

from openoutcry.kernel._native import Kernel, OrderWriter, read_order, sort_events, stamp
from openoutcry.kernel.faults import KernelFault

__all__ = ["Kernel", "KernelFault", "OrderWriter", "read_order", "sort_events", "stamp"]
