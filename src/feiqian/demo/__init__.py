"""The story: trade replayed day by day through the public API and the simulator, on an injected clock.

Owns no business rules of the house: it plays the platform, its buyers and their suppliers from outside.
`orders` and `generate` give the trade, `plan` says by fixed rules what must come of it, `driver` makes it
happen, `summary` adds it up so that anybody can check the sums to the fen.
"""
