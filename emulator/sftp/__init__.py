"""SFTP front end on asyncssh."""
