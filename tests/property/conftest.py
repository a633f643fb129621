"""How hypothesis runs here: the same examples every time, and as many as a minute allows."""

from hypothesis import settings

settings.register_profile("house", deadline=None, max_examples=60, derandomize=True, database=None)
settings.load_profile("house")
