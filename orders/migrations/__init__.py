"""The schema's history, run by `orders.database.migrate`."""
