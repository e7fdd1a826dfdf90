"""Lambda functions for LocalStack as plain processes: no Docker socket, no containers."""
