FROM composer:2 AS vendor
COPY composer.* /app/
RUN composer install --no-dev --no-scripts
FROM php:8.3-fpm
RUN set -eux; \
	apt-get update; \
	docker-php-ext-install pdo_mysql; \
	rm -rf /var/lib/apt/lists/*
COPY --from=vendor --chown=www-data /app/vendor/ /var/www/html/vendor/
WORKDIR /var/www/html
WORKDIR public/../storage
