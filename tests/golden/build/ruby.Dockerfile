ARG RUBY_VERSION=3.3
FROM ruby:$RUBY_VERSION-slim AS base
WORKDIR /rails
ENV BUNDLE_DEPLOYMENT="1" \
    BUNDLE_PATH="/usr/local/bundle" \
    BUNDLE_WITHOUT="development"
FROM base AS build
RUN apt-get update -qq && \
    apt-get install --no-install-recommends -y build-essential && \
    # not needed at run time
    rm -rf /var/lib/apt/lists/*
COPY Gemfile Gemfile.lock ./
RUN bundle install && rm -rf ~/.bundle/ "${BUNDLE_PATH}"/ruby/*/cache
FROM base
COPY --from=build "${BUNDLE_PATH}" "${BUNDLE_PATH}"
RUN groupadd --system --gid 1000 rails
USER 1000:1000
ENTRYPOINT ["/rails/bin/docker-entrypoint"]
EXPOSE 3000
CMD ["./bin/rails", "server"]
