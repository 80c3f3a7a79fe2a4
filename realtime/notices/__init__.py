"""E-mail for whoever is not looking.

What is owed is a row, written in the transaction of the entry that makes it owed; the worker
claims due rows, looks again at what happened meanwhile, sends, and closes the row with an entry
that tells both parties.

- `policy`    pure: which entry owes whom a mail, and when
- `occasion`  what a due notice is about now, or why it need not be sent any more
- `looking`   reading that under the order's lock, right before sending
- `quoting`   pure: what somebody wrote, as a mail quotes it
- `letter`    the words of a mail, in the reader's language
- `one_tap`   pure: sealed links of a mail that answer without signing in
- `plain`     what people wrote, made harmless for a mail
- `mail`      a letter as an e-mail: headers, text part, HTML part
- `smtp`      handing a mail to the server, and what the answer means
- `sender`    the worker: claim, look, send, close
- `mailbox`   the demo's own mail server and its folder
"""
