# flowctl in a container: docker build -t flowctl .
# A flow lies in /flows, state in /flows/state; see docs/migrate.md for a compose file.
FROM python:3.12-slim
COPY pyproject.toml README.md LICENSE constraints.txt /src/
COPY flowctl /src/flowctl
COPY nodes /src/nodes
RUN pip install --no-cache-dir -c /src/constraints.txt "/src[encrypted]" && rm -r /src
ENV XDG_STATE_HOME=/flows/state PYTHONUNBUFFERED=1
WORKDIR /flows
CMD ["flowctl", "--help"]
