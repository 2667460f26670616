#!/bin/sh
set -eu
docker run --rm --network flask_default -e PGPASSWORD postgres:16 pg_dump -h db -U app app > backup.sql
