"""Faults, done for real: killed programs, a killed database, a cut network, a full disk, a clock that jumps."""
