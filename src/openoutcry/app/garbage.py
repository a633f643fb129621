"""How often a process that runs for long looks for garbage."""

import gc

COLLECT_AFTER = (20_000, 20, 50)
"""New objects until the garbage collector looks; and so many looks until it looks further."""


def spare_collections() -> None:
    """Have the garbage collector look seldom, and never again at what stays until the end.

    A request leaves no cycles behind: its objects go with their last reference. What is collected
    is what breaks in the middle, and that can wait until there are some thousand objects of it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
