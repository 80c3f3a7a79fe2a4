"""The bytes of shared files: recognised, named, kept on disk, and handed out by signed links.

- `content`  what a file is, from its bytes (pure)
- `naming`   what a file may be called (pure)
- `links`    short-lived links, bound to a person and a file (pure)
- `shelf`    the folder: arriving, kept, erased

What is known of a file, and who may have it, is in `orders.files`.
"""
