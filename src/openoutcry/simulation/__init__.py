"""Simulated worlds from one seed: clock, network, disk, faults, and the traders of the demo.

Traders here use the ordinary ports, so what they do is journaled like anyone's orders.
Must not know the app or the command line, nor reach past the ports for a favour.
"""
