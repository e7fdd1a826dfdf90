"""What an SFTP operation means on S3. The front ends call this and nothing else."""
