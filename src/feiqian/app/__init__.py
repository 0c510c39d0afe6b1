"""Wiring: which parts make a running house. No rules live here."""
