"""The conversation on an order.

- `messages`  sending and paging back
- `marks`     how far everybody has read
"""
