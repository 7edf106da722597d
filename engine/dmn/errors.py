"""What is wrong with a decision, as its owner should read it."""


class DmnError(Exception):
    """A decision that cannot be accepted or evaluated: names the element, and says what to do."""

    def __init__(self, message: str, *, element_id: str, element_name: str) -> None:
        super().__init__(message)
        self.element_id = element_id
        self.element_name = element_name


class FeelRefused(DmnError):
    """A FEEL text that does not compile: null to DMN, but nothing that a process should call."""
