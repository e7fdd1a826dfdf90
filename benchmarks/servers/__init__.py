"""How each server is started: on 127.0.0.1, on a free port, with all its files in one folder."""
