"""Who may call: people with their passwords, second factors and sessions; API keys; the audit log.

Knows what proves who somebody is, and no order, market, balance, database or protocol: stores and
mail servers are adapters. `identity.Identity` is what a process makes.
"""
