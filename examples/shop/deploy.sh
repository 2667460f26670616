#!/bin/sh
# Starts the shop by hand. It is bad on purpose: `sealock check examples` shows why.
set -eu

docker run -d --name cache -p 6379:6379 redis

docker run -d --name shop \
    --link cache:redis \
    --cap-add SYS_ADMIN --security-opt seccomp=unconfined \
    -v /etc:/host/etc \
    -e API_TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345 \
    example/shop:1.4

docker run --rm --pid=host -v /run:/run example/doctor
