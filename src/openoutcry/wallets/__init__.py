"""Money in and out: deposits, withdrawals and their approval, the demo's faucet, statements.

Moves money by commands to the ledger only and pays out by the custodian's port only; what it is
about to do is durable before it is done. Must not know orders, HTTP, or how a store keeps its rows.
"""
