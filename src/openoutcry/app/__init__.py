"""The composition root: typed settings, one builder for each process, and their lifecycle.

The only reader of the environment and the only place that chooses an adapter for a port.
Must not know any business rule; it joins rooms and starts and stops them.
"""
