"""What people who run a stack look at and order: facts are gathered here, and printed elsewhere."""
