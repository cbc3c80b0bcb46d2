"""HTTP/1.1 as clients speak it, well or badly, on connections that have limits."""
