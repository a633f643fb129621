"""Who may call: makes API keys, reads the public half of one, and says whether a key is fit to be
stored.

Knows key material and permissions, and no order, market, balance or database: stores of keys are
adapters.
"""
