"""The conversation on an order; README.md tells what people can do in it.

- `screening` what should not stand in a message (pure); `words` asks it
- `messages`  sending and paging back
- `marks`     how far everybody has received and read
- `flood`     how fast people may write, and how often the same
- `indexing`  words for searching, in the background
"""
