"""What we hold and owe, what it is exposed to, and what is done about it. Pure: state = fold(facts)."""
