"""What AWS tells about a server's sessions: log lines in CloudWatch Logs, events on the bus."""
