"""The console in a real browser, on an environment of its own: each task as a person does it."""
