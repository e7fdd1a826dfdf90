"""IAM's decision on the S3 requests of a session, made here: to explain it, or to enforce it.

`document` reads a policy, `pattern` and `conditions` compare, `evaluation` decides one request.
`requests` says what IAM is asked for an S3 call, `operations` which calls an SFTP operation makes,
`role` reads the policies in force, and `guard` holds a client to them.
"""
