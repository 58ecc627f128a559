#!/bin/sh
# Writes .env with an admin key and a token of your own, once.
set -eu
cd "$(dirname "$0")"
[ -e .env ] && { echo ".env exists already"; exit 0; }
umask 077
random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
printf 'APISIX_ADMIN_KEY=%s\nGATEWARD_TOKEN=%s\n' "$(random)" "$(random)" >.env
echo "wrote .env"
