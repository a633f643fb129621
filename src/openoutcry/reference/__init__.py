"""The executable specification: what the kernel does, in plain Python, slow and obvious.

Accounts and markets are two classes that share nothing but the link records of `core.records`;
`Reference` joins them by direct calls or, in the roles of a partition that takes part in links,
holds one of them and posts what it says. It gives the kernel's bytes and must not know the kernel.
"""

from openoutcry.reference.machine import Reference

__all__ = ["Reference"]
