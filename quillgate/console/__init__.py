"""The console: a web page for support staff and operators.

app         puts it together: what is served, and who may see it
desk        what the pages work on: one stack's deployment, users, audit trail
visitors    who is there, in which role
sign_in     how they come in: locally by choosing a role; deployed by OIDC
security    headers, hosts, forms of our own only
rendering   templates
pages/      one module for each area
"""
