#!/usr/bin/env bash
# Installs the real servers and connectors that the tests use, and with the argument `peers` what the benches time beside them.
# Root on Debian only; elsewhere one line says what will be skipped. SEAWALL_REQUIRE_SERVERS=1: missing is a failure.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

# What proves that it is there (a command or a file), and the package that brings it.
wanted=(
  dovecot:dovecot-core /usr/lib/dovecot/pop3:dovecot-pop3d /usr/lib/dovecot/lmtp:dovecot-lmtpd /usr/lib/dovecot/imap:dovecot-imapd
  /usr/bin/chromium:chromium
  /usr/lib/dovecot/modules/lib90_sieve_plugin.so:dovecot-sieve /usr/lib/postfix/sbin/master:postfix
  strace:strace openssl:openssl
  fetchmail:fetchmail getmail:getmail6 mpop:mpop fdm:fdm
  /usr/bin/chromium:chromium
)
case "${1:-}" in
  "") ;;
  peers) wanted+=(gcc:gcc /usr/include/stdio.h:libc6-dev) ;;
  *) echo "usage: ${0##*/} [peers]" >&2; exit 2 ;;
esac

missing=()
look() {
  missing=()
  local entry
  for entry in "${wanted[@]}"; do
    [[ -e ${entry%%:*} ]] || command -v "${entry%%:*}" >/dev/null || missing+=("${entry#*:}")
  done
}

install_missing() {
  local policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then # a package's own service on port 110 is not wanted: the tests start a private one
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
  fi
  export DEBIAN_FRONTEND=noninteractive
  # Postfix would make itself the machine's mail server: it is to write no main.cf and no aliases.
  echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections || true
  { apt-get -qq update && apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}"; } \
    >/dev/null || true # what is missing is looked at anew below
}

able=1
[[ $EUID -eq 0 ]] && command -v apt-get >/dev/null || able=0
look
if [[ ${#missing[@]} -gt 0 && $able -eq 1 ]]; then
  install_missing
  look
fi

if [[ ${#missing[@]} -gt 0 ]]; then
  echo "Not here: ${missing[*]}. The tests marked 'server' will be skipped, and what needs a peer left out." >&2
elif [[ $EUID -ne 0 ]]; then
  echo "Not root: the tests marked 'server' will be skipped." >&2
else
  exit 0
fi
[[ ${SEAWALL_REQUIRE_SERVERS:-} != 1 ]]
