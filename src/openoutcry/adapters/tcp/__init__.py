"""Calls and links between the processes of one exchange: framed records over TCP, with TLS.

A connection carries many requests at once, and each is answered when it is done. Knows frames,
credits and epochs; what a command means, and who owns what, is decided by others.
"""
