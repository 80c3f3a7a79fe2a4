"""ComeUp Direct: two people of one order talk through our server.

Read in this order:

- `limits`    every size, rate and length of time, in one table
- `sdp`       pure: what a browser may offer, and the one answer it gets
- `relay`     pure: one browser's packets become the stream that the other one hears
- `rtcp`      pure: reports, written and read per hop
- `leg`       the connection to one browser; the only file that knows aiortc
- `party`     one person in one call and the legs of it; the path of every packet
- `node`      the media process: calls, make-before-break, who fell silent
- `calls`     pure: who may do what with a call, and the entry it makes
- `callbook`  calls, persons in a call and leases in the database
- `signalling` the switchboard: commands, and what the node hears, meet here

Media is forwarded without decoding: unprotect, rewrite the header, protect, send. A browser
never learns the address of the other; the server never learns what was said.
"""
