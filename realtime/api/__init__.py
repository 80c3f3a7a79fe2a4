"""HTTP for the marketplace's backend and for the browser.

- `answers`  JSON in and out, refusals, the headers of every answer
- `plain_page` a small page that stands alone; `turned_away` a refusal as one, for a person
- `accepting` pure: whether who asks would rather read a page than JSON
- `packed`    files that the build packed already, for whoever can unpack them
- `backend`  paid orders and party tokens, for the holder of the service key
- `me`       a person's orders, for the holder of a party token
- `record`   an order's sealed record, and the keys it is sealed with
- `verbs`    what a person does over the socket, over HTTP
- `answering` a mail's one button, without signing in
- `files`    sharing a file, and having it by a short-lived link; `uploads` that go on (tus)
- `pages`    the pages and the bundle of the browser client
- `contracts` all of this and the socket, described: for programs and to read
- `demo`     signing in without a password, in demo mode only
- `health`   is it alive, is it ready, what does it measure
"""
