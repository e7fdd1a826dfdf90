"""The watchdog: tells Quill which uploaded file to pick up for which project."""
