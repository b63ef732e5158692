FROM nginx:1.27
COPY nginx.conf /etc/nginx/nginx.conf
COPY html/ /usr/share/nginx/html/
EXPOSE 80 443/tcp 443/udp
STOPSIGNAL SIGQUIT
VOLUME ["/var/cache/nginx", "/var/log/nginx"]
