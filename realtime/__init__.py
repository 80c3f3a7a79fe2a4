"""The live edge: processes, sockets, calls and mails around the orders.

- `__main__`   serve, migrate and their kin
- `settings`   what the environment says
- `app`        the composition root and the route table
- `api`        HTTP for the marketplace's backend and for the browser
- `protocol`   frames in and out, close codes (pure)
- `session`    one socket: a reader and a pump
- `hub`, `bus` who is here; hints and signals between processes
- `auth`       tokens and membership
- `limits`     every size and rate of the edge in one table
- `texts`      sentences in the reader's language
- `notices`    what is owed by e-mail, and its sending
- `chat`       messages, marks, typing
- `voice`      calls, and the media plane behind them
"""
