"""The live edge: processes, sockets, calls and mails around the orders.

What starts and holds it together:

- `__main__`   serve, migrate and their kin
- `settings`   what the environment says; `addresses` which of those it names can be right (pure)
- `serving`    the server around the application, and its stop; `transport` is the line under it
- `app`        the route table
- `running`    everything that runs in one process, in order; `edge` is what it shares
- `patience`   limits that do not count the time in which the process stood still
- `telemetry`  logs and metrics, without personal data; `tracing` OpenTelemetry, if asked for

One browser's socket, from the outside in:

- `protocol`   frames in and out, close codes (pure)
- `socket`     the door: origin, handshake, hello
- `session`    one socket: reads, checks limits, starts commands
- `dispatch`   what each frame does; `acts` is the part that needs no socket
- `pump`       the only writer: the socket's position is its send queue
- `hub`        who is here, and what the bus says to them; `heartbeat` pings them and catches up
- `followers`  who is told of which order; `tails` keeps the newest entries they share
- `standing`   who may see which orders, when that changes under open sockets; `meanwhile` what
  changed in inboxes while somebody was being welcomed
- `afresh`     marks and who hides, read again after signals may have been lost
- `attendance` who is online; `whereabouts` in which process; `elsewhere` what is known of it (pure)
- `veil`       who does not show to whom whether they are here, or writing
- `bus`        hints and signals between processes
- `reads`      what everybody asks for who comes in; `together` answers it in one go
- `rooms`      what surrounds a timeline: room, inbox, situation

And beside it:

- `api`        HTTP for the marketplace's backend and for the browser
- `auth`       tokens; `origins` which pages may ask; `refusals` those that only the edge knows
- `limits`     every size and rate of the edge in one table (pure); `rates` those of one person
  over all processes
- `chat`       messages, marks
- `voice`      calls, and the media plane behind them
- `notices`    what is owed by e-mail, and its sending
- `texts`      sentences in the reader's language
- `files`, `record`  what is shared and what is taken home
- `contract`   OpenAPI and AsyncAPI from the types, and a page to read
- `demo`       orders to look at; `scenes` is what is said in them, `cashier` moves their money
"""
