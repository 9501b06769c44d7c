"""Two-sided quotes under an obligation: ladder, skew, difference to the live orders, conduct. Pure."""
