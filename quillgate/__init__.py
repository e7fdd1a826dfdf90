"""The command, and what people do with a stack, local or on AWS."""
