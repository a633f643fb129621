"""What the exchange asks of the outside, as Protocols with their promises.

One conformity suite runs against every adapter of a port. A port knows core's records and nothing
of any adapter, driver or protocol.
"""
