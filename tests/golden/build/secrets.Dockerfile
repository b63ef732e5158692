FROM alpine
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc,required npm ci
RUN --mount=type=secret,id=token,env=TOKEN curl -H "$TOKEN" https://example.com
RUN --mount=type=secret,target=/a/b/key,uid=5,mode=0440 cat /a/b/key
RUN --mount=type=secret,id=aws true
RUN --mount=type=ssh --mount=type=ssh,id=deploy,required=true,target=/agent git clone git@example.com:x
