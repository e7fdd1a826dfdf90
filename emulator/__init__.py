"""Stand-ins for what is not on this machine: Transfer Family, its SFTP side, Quill."""
