"""The HTTPS front: authentication, authorization, discovery, handlers, watches, tables and streams."""
