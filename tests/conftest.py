"""What all tests share: how hypothesis treats a machine that is slow for a moment."""

from hypothesis import HealthCheck, settings

# A stall of the machine is no finding: examples have no deadline, and may take long to draw.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
