"""What is true about an order: its process, its money, its deadlines and its timeline.

What is decided, without I/O; read in this order:

- `events`     the vocabulary: everything that can happen, one frozen struct each
- `workflow`   the table of the process: states x verbs x clocks -> states, money and clocks
- `decisions`  carrying the table out: what happens, or a refusal; `telling` names the entries
- `situation`  what one viewer sees now: actions, whose turn, deadlines, what happens at zero
- `deadlines`  ends of windows, reminder marks; `working_days` which days count
- `money`      escrow in double entry, and when a refund becomes visible
- `proposals`  what the two may agree on: time, money, when to talk, and what was said
- `brief`      the readiness list: its templates, and who may move which item
- `disclosure` what may be sent although something in it should not be
- `policy`     every length and limit of the process
- `patterns`   what names, addresses and currencies that others hand us look like
- `errors`     the refusals, drawn as a tree
- `versions`   what a message said, from its first text to its last
- `erasure`    whose words stand in which entry, and what stays without them
- `owing`      what the notice policy is asked, and what it answers
- `fold`       the law "fold = fetch": a view built from entries equals the view of the rows
- `record`     an order's record: a signed file that anybody can check offline
- `picture`    the process as a document, made from its tables (`PROCESS.md`)

Where it is kept, and how it changes:

- `tables`     where all of it is stored, by subject; `migrations` how that came to be
- `database`   transaction: commit, then announce; `engines` the connections below, and outages
- `among`      a list of ids as one parameter, however long
- `timeline`   append and read entries; `repeats` finds what was said before
- `emptying`   take the content out of entries; rows and chain stay
- `scrubbing`  take erased words out of SQLite's file as well
- `locking`    an order's row under lock, read into what the rules know
- `changes`    what was decided, written for one order or for many at once
- `messages`   one's own messages, edited and withdrawn (`edited`: what they say now);
  `reacting` to messages
- `search`     in what was said; `search_index` the words, `search_words` how they are folded
- `safety`     reports and blocks; `reports` is what one is
- `access`     to an order: taken away by the marketplace, and given back
- `nudging`    of a silent seller; `nudges` say when
- `commands`   opening a room, taking a step; `posting` is group commit for messages
- `lanes`      the messages' own way to the database: `postgres_lane` (and its
  `postgres_statements`), `sqlite_lane`
- `remembering` the orders in which messages are written, as they were last seen
- `questions`  before the order: asked, and paid as the same order
- `options`    added later: proposed, agreed, charged, paid
- `agreements`, `talks`, `briefing`, `mediation`, `settlement`, `redaction`, `again`  the others
- `timers`, `proposal_rows`, `brief_rows`, `files`, `uploads`, `people`, `ledger`  rows of their own
- `clock`      the sweeper: what is due happens, once; `outages` gives our own silence back
- `watermarks`  how far each member has received and read
- `views`      reading an order for somebody, `inbox` all of theirs; `export` for its record
- `open_money` what was paid and what goes back, of many orders at once

Imports go from `realtime` to here and never back.
"""
