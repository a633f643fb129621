"""A seeded stream of random commands which tries to reach every rule of the kernel.

It keeps a light model of open orders and books, fed by events, so that cancels, amends, crossings
and preventions meet; it aims at each refusal in turn; it counts what was met. It judges nothing.
"""

from openoutcry.simulation.commands.coverage import Coverage
from openoutcry.simulation.commands.generator import Batch, CommandStream
from openoutcry.simulation.commands.world import Profile

__all__ = ["Batch", "CommandStream", "Coverage", "Profile"]
