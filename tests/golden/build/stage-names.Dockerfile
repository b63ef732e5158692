FROM busybox AS Build-1.x_y
RUN a
FROM build-1.X_Y AS final
FROM final
COPY --from=BUILD-1.x_y / /
