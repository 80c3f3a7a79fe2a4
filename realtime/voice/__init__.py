"""ComeUp Direct: two people of one order talk through our server; README.md tells how they meet it.

Read in this order:

- `limits`    every size, rate and length of time, in one table
- `sdp`       pure: what a browser may offer, and what its answer is made of
- `relay`     pure: one browser's packets become the stream that the other one hears
- `rtcp`      reports, written and read per hop
- `track`     pure: one leg's media, the path of every packet and what is counted on it
- `adapter`   aiortc's DTLS, SDP and RTCP, aioice's STUN and libsrtp; beside `peer_leg` the only
              file that knows names they keep private
- `agent`     our half of ICE: which address is believed, and where media goes
- `forwarding`, `native` with `batch.c`: read, unprotect, rewrite, protect, send: in Python, or
              in batches in C where a compiler was found
- `leg`       the connection to one browser, as the node sees it
- `life`      of a leg: awaited, connected, over; each is told once
- `port`      the one UDP port of a process, which all its legs share; `shared_leg` is one of them,
              `ticks` the clock by which it reads when much comes
- `peer_leg`  the fallback: aiortc's own connection, with a socket per leg
- `plane`     which of these a process uses, chosen at its start
- `selfcall`  a call to ourselves at the start: does a packet really get through?
- `quality`   pure: how well two people hear each other, and what is worth telling
- `party`     one person in one call and the legs of it
- `pulse`     looking after every party in its turn: who fell silent, reports, quality
- `node`      the media process: calls, make-before-break
- `echo`      a leg that hears itself, to test microphone and speaker
- `calls`     pure: who may do what with a call, and the entry it makes
- `consent`   pure: who may ask for a recording, agree, stop it and have it erased
- `ogg`, `speech` pure: one person's packets become an Ogg Opus file, without decoding
- `takes`     the thread that writes such files, behind a bounded queue
- `recordings` recordings in the database: what people ask
- `archive`   what this process records is kept, tried again, or given up
- `callbook`  calls, persons in a call and leases in the database
- `carriers`  which media process carries which call; taking over what one left behind
- `measured`  how the two of each call were heard, kept for the entry that ends it
- `turn`      passwords for a TURN server, where a network lets no UDP through
- `afar`      asking a media process of another machine, over Redis; `gates` what it must learn
- `carried`   the calls that this process carries: its lease, what the node hears, moving away
- `signalling` the switchboard: what people ask of a call

Media is forwarded without decoding: unprotect, rewrite the header, protect, send. A browser
never learns the address of the other; the server never learns what was said, and keeps it only
where both agreed to a recording.
"""
