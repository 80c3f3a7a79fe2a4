# One image, three ways to run it: `serve` (everything in one process), or `gateway`, `worker` and
# `media` apart. The steps are the Makefile's own, so that they are the ones that get tested.

FROM node:24-bookworm-slim AS web
RUN apt-get update && apt-get install --yes --no-install-recommends make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Makefile ./
COPY web/package.json web/package-lock.json web/.npmrc web/
RUN make web/node_modules/.stamp
COPY web web
RUN make web

FROM python:3.13-slim-bookworm AS python
RUN apt-get update && apt-get install --yes --no-install-recommends make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Makefile requirements.lock ./
RUN make install VENV=/opt/order-room

# The batch of the calls' packets, in C; the image that runs has no compiler.
FROM python AS batch
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
COPY orders orders
COPY realtime realtime
RUN /opt/order-room/bin/python -m realtime.voice.native && ls realtime/voice/batch-*.so

FROM python:3.13-slim-bookworm
# Numbers, so that Kubernetes can see that it is not root.
RUN groupadd --gid 10001 room \
 && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin room \
 && install --directory --owner 10001 --group 10001 --mode 0700 /data
COPY --from=python /opt/order-room /opt/order-room
WORKDIR /app
COPY orders orders
COPY realtime realtime
COPY --from=batch /build/realtime/voice/batch-*.so realtime/voice/
COPY --from=web /build/web/dist web/dist
ENV PATH=/opt/order-room/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    ORDER_ROOM_VAR=/data
RUN python -m compileall -q orders realtime
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "realtime"]
CMD ["serve"]
