"""Load from outside on a whole scaled exchange, faults in it, and what must hold afterwards."""
