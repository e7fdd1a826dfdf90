"""IAM's decision on the S3 requests of a session, made here: to explain it, or to enforce it.

`document` reads a policy (each element of it is a `spot`); `pattern`, `operators` and `conditions`
compare; `evaluation` decides one request, `principal` says for whom a bucket's policy speaks.
`requests` says what IAM is asked for an S3 call, `operations` which calls an SFTP operation makes,
`role` reads the policies in force, `trust` looks whether Transfer may take the role on, and `guard`
holds a client to all of it.
"""
