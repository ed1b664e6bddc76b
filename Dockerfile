# The server with a private PostgreSQL, or, with DATABASE_URL, without one.
#   docker build -t tidemill . && docker run -p 8080:8080 -v tidemill:/var/lib/tidemill tidemill
FROM eclipse-temurin:25-jdk-noble AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends maven && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.m2 mvn -B -q -Dquick -DskipTests package

FROM eclipse-temurin:25-jre-noble
COPY admin-api/src/main/scripts/postgresql-setup.sh /tmp/
# A user of its own runs it all, so PostgreSQL needs no change of user.
RUN sh /tmp/postgresql-setup.sh && rm -rf /tmp/postgresql-setup.sh /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/tidemill --create-home --shell /usr/sbin/nologin tidemill
COPY --from=build /src/admin-api/target/tidemill.jar /opt/tidemill/tidemill.jar
COPY --from=build /src/admin-api/target/lib /opt/tidemill/lib
COPY --from=build /src/job-configs /opt/tidemill/job-configs
COPY --from=build /src/schedules /opt/tidemill/schedules
USER tidemill
ENV TIDEMILL_HOME=/var/lib/tidemill LC_ALL=C.UTF-8
VOLUME /var/lib/tidemill
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["java", "-Xmx512m", "--enable-native-access=ALL-UNNAMED", "-Dtidemill.dist=/opt/tidemill", "-jar", "/opt/tidemill/tidemill.jar"]
CMD ["serve", "--address", "0.0.0.0"]
