"""The chain: nodes, pools, positions. Everything here reads; nothing holds a private key."""
