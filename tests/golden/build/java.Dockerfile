FROM maven:3-eclipse-temurin-21 AS build
WORKDIR /build
COPY pom.xml .
RUN --mount=type=cache,target=/root/.m2 mvn -B dependency:go-offline
COPY src src
RUN --mount=type=cache,target=/root/.m2 mvn -B package -DskipTests \
 && java -Djarmode=layertools -jar target/*.jar extract

FROM eclipse-temurin:21-jre
WORKDIR application
COPY --from=build /build/dependencies/ ./
COPY --from=build /build/application/ ./
ENV JAVA_OPTS="-Xmx512m -Dfile.encoding=UTF-8"
ENTRYPOINT exec java $JAVA_OPTS org.springframework.boot.loader.launch.JarLauncher
