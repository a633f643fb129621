"""Outside things that exist only in demos and tests: a chain, and who keeps assets on it.

They behave as the real ones do: they take time, fail and forget nothing. Nothing here has a value.
"""
