"""Live books, feeds and shared limits in a Redis or Valkey cluster.

All of it may be lost at any moment and is made again from the owners' state. Knows the client
library and the records; must not know kernels, journals or clients' protocols.
"""
