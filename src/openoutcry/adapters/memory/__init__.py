"""The embedded adapters that need no store: everything lives in this process's memory.

They fulfil the same promises as the stores do, short of durability, and know nothing of any driver.
"""
