# syntax=docker/dockerfile:1
# Two stages: the first installs the locked packages, the second carries only what runs.

FROM python:3.11-slim-bookworm AS build
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
# The program itself needs no build: its folder is put on the path, and `bot` beside the interpreter.
RUN printf '#!/bin/sh\nexec /venv/bin/python -m bot "$@"\n' > /venv/bin/bot && chmod 0755 /venv/bin/bot

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin bot \
 && install -d -o bot -g bot -m 0700 /state
COPY --from=build /venv /venv
COPY bot /app/bot
COPY config /app/config
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BOT_STATE_DIR=/state
USER bot
VOLUME /state
# SIGTERM is the orderly stop: quotes off, hedge the rest, cancel, verify. Give it time: docker stop --time 60.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["bot", "status", "--json"]
ENTRYPOINT ["bot"]
CMD ["run", "-c", "config/paper.toml", "--json"]
