"""Where users are imported from: each source says whom it found, and what it cannot read."""
