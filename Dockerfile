# The Python and the Debian that the install is tested on.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python -m venv --without-pip /opt/pattern-store
# Dependencies before the source: a change of the source leaves their layer as it is.
COPY requirements.txt ./
RUN pip --python /opt/pattern-store/bin/python install --no-cache-dir --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY app app
RUN pip --python /opt/pattern-store/bin/python install --no-cache-dir --no-deps .

FROM python:3.11-slim-bookworm
# A new volume takes the owner of the folder it is mounted on.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin patterns \
    && install --directory --owner patterns /data
COPY --from=build /opt/pattern-store /opt/pattern-store
# All interfaces, or no published port would reach the service. It refuses to start like this
# until there is a key, or PATTERNS_ALLOW_ANONYMOUS=true says that the network keeps others away.
ENV PATH=/opt/pattern-store/bin:$PATH \
    PATTERNS_HOST=0.0.0.0 \
    PATTERNS_PORT=8000 \
    PATTERNS_STORAGE_URL=sqlite:////data/patterns.db
# By number, so that an orchestrator can see that it is not root.
USER 10001
VOLUME /data
EXPOSE 8000
# Not urllib: it would ask a proxy that the container may be told of.
HEALTHCHECK --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PATTERNS_PORT']), timeout=4); c.request('GET', '/readyz'); raise SystemExit(c.getresponse().status != 200)"]
# Without a shell, so that SIGTERM reaches the service itself.
CMD ["pattern-store", "serve"]
