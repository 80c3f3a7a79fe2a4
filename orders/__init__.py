"""What is true about an order: its process, its money, its deadlines and its timeline.

Read in this order:

- `events`     the vocabulary: everything that can happen, one frozen struct each
- `workflow`   the table of the process: states x verbs x timers -> events and money
- `situation`  what one viewer sees now: actions, whose turn, deadlines, what happens at zero
- `deadlines`  reminder marks, working days
- `money`      escrow in double entry, and when a refund becomes visible
- `policy`     every length and limit of the process
- `errors`     the refusals, drawn as a tree
- `owing`      what the notice policy is asked, and what it answers
- `tables`     where all of it is stored
- `database`   engine and transaction: commit, then announce
- `timeline`   append, read, redact: the only writer of entries
- `posting`    group commit for messages
- `commands`   one function per verb: lock, decide, save, append
- `clock`      the sweeper: what is due happens, once
- `brief`      the readiness list: its templates, and who may move which item
- `briefing`   moving an item; `brief_rows` its rows; `again` ordering again with the brief
- `files`      what is known of an order's files; their bytes lie in `realtime.files`
- `picture`    the process as a document, made from its tables
- `record`     an order's record: a signed file that anybody can check offline
- `export`     what a record says, read for one of the members
- `fold`       the law "fold = fetch": a view built from entries equals the view of the rows

Imports go from `realtime` to here and never back.
"""
