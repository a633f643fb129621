"""Ports made real: one small package for each outside thing.

An adapter knows its driver and the port that it fulfils, turns the driver's errors into ours by a
table, and knows no other adapter and no protocol of a client.
"""
