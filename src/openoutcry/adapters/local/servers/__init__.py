"""Servers on this machine, from installed packages: for `outcry up`, tests and benchmarks.

They need neither root nor an installation, listen on loopback only, and end with their parent.
Must not know what is kept in them.
"""
