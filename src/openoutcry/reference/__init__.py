"""The executable specification: what the kernel does, in plain Python, slow and obvious.

Accounts and markets are two classes that share nothing but the link records of `core.records`;
`Reference` joins them by direct calls and gives the kernel's bytes, `Split` runs them apart.
It must not know the kernel.
"""

from openoutcry.reference.machine import Reference
from openoutcry.reference.split import Split

__all__ = ["Reference", "Split"]
