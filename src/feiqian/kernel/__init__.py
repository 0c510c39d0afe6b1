"""The ground: money, ids, clock, calendar, errors. Pure: nothing here does I/O or knows a domain."""
