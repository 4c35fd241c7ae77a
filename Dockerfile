FROM swift:6.3-bookworm AS build
RUN apt-get update \
  && apt-get install -y --no-install-recommends \
    libcurl4-openssl-dev libldap2-dev libsqlite3-dev libssl-dev pkg-config \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN swift build -c release --product bellhop --static-swift-stdlib \
  && install -s "$(swift build -c release --show-bin-path --static-swift-stdlib)/bellhop" /bellhop

FROM debian:bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends \
    ca-certificates libcurl4 libldap-2.5-0 libsqlite3-0 libssl3 libstdc++6 \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --home-dir /var/lib/bellhop bellhop \
  && install -d -o bellhop -g bellhop -m 0700 /var/lib/bellhop
COPY --from=build /bellhop /usr/bin/bellhop

USER bellhop
VOLUME /var/lib/bellhop
ENTRYPOINT ["bellhop"]
CMD ["run"]
