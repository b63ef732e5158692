FROM node:22 AS deps
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci

FROM deps AS build
COPY . .
RUN npm run build

FROM node:22 AS test
COPY --from=deps /app/node_modules ./node_modules
RUN npm test

FROM nginx:alpine AS site
COPY --from=build --chown=nginx:nginx /app/dist /usr/share/nginx/html
HEALTHCHECK --interval=30s --timeout=3s --retries=5 CMD wget -q -O- http://localhost/ || exit 1
