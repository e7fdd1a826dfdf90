"""From the template to a running stack: package, split, stack."""
