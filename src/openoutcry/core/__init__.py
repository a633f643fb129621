"""The exchange's own nouns: integers, markets, orders, commands, events and their record layouts.

Everything here is plain data: no clock, no randomness, no I/O, no floating point, no asyncio.
Every other room may import this one; this one imports none of them.
"""
