"""What a failed assertion inside the kernel looks like from Python."""


class KernelFault(RuntimeError):  # noqa: N818 - "fault" is the field's word; see spec/flow.md 16
    """An invariant failed while a command was applied; the instance is dead and must be discarded.

    `index` is the position of that command in its batch.
    """

    def __init__(self, index: int, message: str) -> None:
        """Keep where and what."""
        super().__init__(f"command {index}: {message}")
        self.index = index
        self.message = message
