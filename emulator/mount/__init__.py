"""Front end: a FUSE file system under OpenSSH. `/<user>/...` is what that user sees as `/...`."""
