"""The published contracts: what a stranger needs to write a client, made from the types.

- `shapes`    bodies of HTTP that no other module has a type for
- `calls`     the table of HTTP calls: who may ask, what goes in, what comes out, what is refused
- `given`     what stands in paths, queries and headers
- `twins`     what a person does over HTTP as over the socket
- `schemas`   JSON Schema of every type, with the words that stand beside its fields
- `refusals`  every refusal with its meaning, status and facts
- `openapi`   the OpenAPI 3.1 document
- `asyncapi`  the AsyncAPI 3.0 document
- `examples`  an example of any schema
- `page`      all of it as one page to read

Nothing is written twice: a frame, an event, a refusal or a limit that changes changes here too.
No I/O beyond reading our own sources and the page's template.
"""
