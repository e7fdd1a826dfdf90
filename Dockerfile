# transfer, quill, console and deploy of docker-compose.yml.
FROM python:3.13-slim

# The watchdog is packaged by its Makefile.
RUN apt-get update \
    && apt-get install -y --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
    && useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin quillgate

WORKDIR /app
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app:/app/watchdog \
    PYTHONUNBUFFERED=1

# All that the project needs but the AWS engine: LocalStack is one.
COPY pyproject.toml constraints.txt ./
RUN python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; print(*(set(project["dependencies"]) - {"ministack"}), sep="\n")' >/tmp/requirements.txt \
    && pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
        --constraint constraints.txt --requirement /tmp/requirements.txt \
    && rm /tmp/requirements.txt

COPY stack stack
COPY watchdog watchdog
COPY emulator emulator
COPY quillgate quillgate
# What the watchdog needs is fetched now: an edit of its code needs no network later. Volumes take
# over who owns their folders.
RUN python -m quillgate.deploy.package \
    && install -d -o quillgate -g quillgate -m 0700 \
        /var/lib/quillgate/transfer /var/lib/quillgate/host-keys \
        /var/lib/quillgate/inbox /var/lib/quillgate/token
USER quillgate
