"""A spot exchange you can own.

A deterministic, journaled kernel matches orders and settles balances; gateways speak the APIs that
trading clients already know. ARCHITECTURE.md tells what the rooms of this package are and why.
"""

__version__ = "0.1.0"
