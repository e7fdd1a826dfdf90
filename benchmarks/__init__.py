"""Speed and memory, side by side in one run: ours, its peers, and sshd on local disk."""
