"""The deal: terms, day-one plan, sale of the loan, the obligations meter. Pure."""
