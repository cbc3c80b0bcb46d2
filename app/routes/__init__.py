"""The HTTP API, one module a resource: parse, call the service, answer."""
