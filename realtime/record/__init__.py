"""The record of an order as its members take it home.

- `page`  a record as a page that anybody can read, keep and print
"""
