"""SFTP users: the one place where they are read and changed."""
