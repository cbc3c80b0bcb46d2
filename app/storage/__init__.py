"""Where patterns are kept: the contract in `base`, and the backends that fulfil it."""
