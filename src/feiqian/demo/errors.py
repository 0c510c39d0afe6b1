"""What can stop the story: each message is a sentence for the person at the terminal."""


class StoryError(Exception):
    """The demo cannot go on; the message says why and what to do."""


class OrdersFileError(StoryError):
    """A line of the orders file is not in the Online Retail format."""

    def __init__(self, *, line: int, reason: str) -> None:
        super().__init__(f"orders file, line {line}: {reason}")
        self.line = line


class DirectoryInUse(StoryError):
    """The data directory holds another story."""


class OutcomeMissing(StoryError):
    """What was asked for did not happen in the time given, or ended in a state that it never should."""


class RequestRefused(StoryError):
    """The server or the simulator answered with an error."""

    def __init__(self, *, request: str, status: int, code: str, detail: str, retryable: bool) -> None:
        super().__init__(f"{request} was refused with {status} {code}: {detail}")
        self.status = status
        self.code = code
        self.retryable = retryable
