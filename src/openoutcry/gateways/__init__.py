"""Where clients come in: protocols outside, commands and reads of the exchange inside.

A gateway authenticates, limits, parses, submits and shapes replies. It never sees the kernel or a
partition: only the ports.
"""
