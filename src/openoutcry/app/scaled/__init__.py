"""The scaled size: one module for each process, what they share, and `outcry up`, which starts all.

Each process joins adapters to rooms and keeps nothing that another one needs; see scaled-size.md.
"""
