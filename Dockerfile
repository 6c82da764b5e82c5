# One image for every role: `docker build -t ponte:0.1.0 .`
# What builds stays in the first stage; what runs has neither pip nor a compiler.

FROM python:3.11.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /fonte
RUN python -m venv /opt/ponte
COPY requirements/runtime.txt requirements/engines.txt requirements/
RUN /opt/ponte/bin/python -m pip install --require-hashes --only-binary :all: \
    -r requirements/runtime.txt -r requirements/engines.txt
COPY pyproject.toml README.md LICENSE NOTICE compose.yml ./
COPY deploy/ deploy/
COPY src/ src/
# The backend comes from the pinned set, so this step fetches nothing.
RUN /opt/ponte/bin/python -m pip install --no-deps --no-build-isolation . \
    && /opt/ponte/bin/python -m pip uninstall -y hatchling pip

FROM python:3.11.13-slim-bookworm
RUN python -m pip uninstall -y pip setuptools wheel \
    && useradd --system --uid 10001 --user-group --home-dir /dados --no-create-home ponte \
    && install -d -o ponte -g ponte -m 0700 /dados
COPY --from=build /opt/ponte /opt/ponte
ENV PATH=/opt/ponte/bin:$PATH PYTHONUNBUFFERED=1 PONTE_DATA_DIR=/dados
USER ponte
WORKDIR /dados
VOLUME /dados
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=3)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["ponte"]
CMD ["up"]
