"""Fake Quill: its contract, its control side, its page for people."""
