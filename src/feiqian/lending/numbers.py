"""Numbers that callers give to loans, deposits and repayments."""

from feiqian.kernel.errors import InvalidRequest

NUMBER_LENGTH_MAX = 64


def check_number(field: str, number: str) -> str:
    """Return a caller's number that can be printed and put into an address.

    Raises: InvalidRequest.
    """
    if not 1 <= len(number) <= NUMBER_LENGTH_MAX or not number.isprintable() or "/" in number:
        raise InvalidRequest(
            field=field, reason=f"must be 1 to {NUMBER_LENGTH_MAX} characters without a slash"
        )
    return number
