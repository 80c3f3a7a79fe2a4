"""Shared files: received, looked into, kept, and handed out by signed links.

In the order in which a file meets them:

- `naming`     what a file may be called (pure)
- `receiving`  uploads that go on where they stood
- `content`    what a file is, from its bytes (pure); `tracks`, whether an MP4 is sound alone
- `looks`      what can be shown of it, by `examining`, which runs in a process of its own
- `metadata`   what a picture tells beside itself is taken out; `boxes` of HEIC and AVIF (pure)
- `clamd`      the virus scanner
- `finishing`  from a whole file to an entry
- `store`      where whole files are kept: a folder; `bucket` for S3
- `shelf`      the store and the folder of what is on its way; erasing, tidying
- `caretaker`  has all of that looked after, beside everything else
- `links`      short-lived links, bound to a person and a file (pure)
- `handing`    which bytes are handed out, shown or saved (pure)

What is known of a file, and who may have it, is in `orders.files`; how far an upload came, in
`orders.uploads`.
"""
