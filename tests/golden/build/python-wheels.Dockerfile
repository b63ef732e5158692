FROM python:3.12 AS wheels
WORKDIR /src
COPY pyproject.toml ./
RUN pip wheel --wheel-dir /wheels .

FROM python:3.12-slim
COPY --from=wheels /wheels /wheels
RUN pip install /wheels/*.whl && rm -rf /wheels
ENTRYPOINT ["python", "-m"]
CMD ["app"]
